/// Whose voice a clip is in, by an embedding of the speaker.
#pragma once

#include <string>
#include <vector>

#include "models/audio/clip_classifier.h"

namespace conclave {

class SpeakerLikeness {
 public:
  /// `clips` [N] each are recordings of these `speakers`, whose mean embedding is what each sounds like. The
  /// embedding must live as long.
  SpeakerLikeness(const ClipClassifier& embedding, const std::vector<Tensor>& clips,
                  std::vector<std::string> speakers);

  /// Over all pairs of recordings: the rate at which as many of different speakers are taken for one as pairs
  /// of one for different.
  double equal_error_rate() const;
  /// Share of clips that are nearest to the mean of their own speaker's recordings. With `themselves` the
  /// clips are the recordings, in their order, and each is left out of the mean that it is judged by.
  double share_right(const std::vector<Tensor>& clips, const std::vector<std::string>& speakers,
                     bool themselves) const;

 private:
  std::string nearest(const Tensor& voice_E, int64_t without) const;

  const ClipClassifier& embedding_;
  std::vector<std::string> speakers_;
  std::vector<Tensor> voices_;
};

}  // namespace conclave
