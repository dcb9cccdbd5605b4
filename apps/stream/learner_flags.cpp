#include "apps/stream/learner_flags.h"

#include "framework/base/error.h"
#include "models/stream/learners/learner.h"

namespace conclave {

void LearnerFlags::declare(Options& options) {
  options.add("learner", learner_, "What learns").choices(stream::learner_names());
  options.add("task", task_, "Whether the label is a class or a number; auto goes by the learner")
      .choices({"auto", "classification", "regression"});
  options.add("set", set_, "An option of the learner, key=value; repeat it for more");
  options.add("memory", memory_, "Bytes that the learner may take; 0: its default").at_least(0);
}

bool LearnerFlags::regression() const {
  return task_ == "regression" || (task_ == "auto" && stream::only_regresses(learner_));
}

// {"learner": name} and the --set words, whose values are JSON or words.
Json LearnerFlags::config() const {
  Json config = {{"learner", learner_}};
  if (memory_ > 0) config["memory"] = memory_;
  for (const auto& word : set_) {
    const size_t equals = word.find('=');
    require<UsageError>(equals != std::string::npos && equals > 0, "--set: '{}' is no key=value", word);
    const Json value = Json::parse(word.substr(equals + 1), nullptr, false);
    config[word.substr(0, equals)] = value.is_discarded() ? Json(word.substr(equals + 1)) : value;
  }
  return config;
}

}  // namespace conclave
