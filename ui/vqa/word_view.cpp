#include "ui/vqa/word_view.h"

#include <QLabel>
#include <QScrollArea>
#include <QVBoxLayout>
#include <algorithm>

namespace conclave::ui {
namespace {
constexpr int kWordsHeight = 118;
}

WordView::WordView(PictureCanvas& canvas, QWidget* parent)
    : QWidget(parent), canvas_(canvas), strip_(new TokenStrip), scroll_(new QScrollArea), label_(new QLabel) {
  strip_->setObjectName("vqa.words");
  strip_->setAutoFillBackground(false);
  scroll_->setWidget(strip_);
  scroll_->setWidgetResizable(true);
  scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll_->setFocusPolicy(Qt::NoFocus);
  scroll_->setFixedHeight(kWordsHeight);
  label_->setObjectName("vqa.token");
  label_->setWordWrap(true);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(scroll_);
  layout->addWidget(label_);
  connect(strip_, &TokenStrip::token_chosen, this, &WordView::choose_word);
  connect(&canvas_, &PictureCanvas::expert_chosen, this, &WordView::choose_expert);
  connect(&canvas_, &PictureCanvas::patch_chosen, this,
          [this](int patch) { choose_expert(canvas_.patches().patches[static_cast<size_t>(patch)].expert); });
}

void WordView::set_words(std::vector<RoutedToken> words, int experts) {
  const int chosen = strip_->chosen();
  setVisible(!words.empty());
  strip_->set_tokens(std::move(words), experts);
  if (strip_->chosen() < 0) return show_experts(shown_);
  strip_->choose(-1);  // the same word goes elsewhere in this layer
  strip_->choose(chosen);
}

void WordView::forget() {
  strip_->choose(-1);
  show_experts({});
}

void WordView::choose_word(int word) {
  if (word < 0) return;
  const int expert = shared_expert(strip_->tokens()[static_cast<size_t>(word)], canvas_.patches());
  show_experts(expert < 0 ? std::set<int>() : std::set<int>{expert});
  const QPoint middle = strip_->area_of(word, strip_->width()).center();
  scroll_->ensureVisible(middle.x(), middle.y());
}

// The same once more: all again.
void WordView::choose_expert(int expert) {
  const bool again = strip_->chosen() < 0 && shown_ == std::set<int>{expert};
  strip_->choose(-1);
  show_experts(expert < 0 || again ? std::set<int>() : std::set<int>{expert});
}

void WordView::show_experts(const std::set<int>& experts) {
  shown_ = experts;
  canvas_.show_experts(experts);
  strip_->show_experts(experts);
  label_->setText(text());
}

QString WordView::text() const {
  const auto& words = strip_->tokens();
  const auto patches = canvas_.patches().patches.size();
  if (shown_.empty() && strip_->chosen() < 0)
    return patches > 0 ? tr("Choose a word, a patch or an expert to see what went to the same expert")
                       : tr("Choose a word to see its experts");
  QString text;
  if (strip_->chosen() >= 0) {
    const RoutedToken& word = words[static_cast<size_t>(strip_->chosen())];
    text = shown_word(word.word) + ": " + choices_text(word.choices);
  } else {
    const auto too = std::count_if(words.begin(), words.end(), [this](const RoutedToken& word) {
      return choice_among(word.choices, shown_) != nullptr;
    });
    text = tr("Expert %1: %2 of %3 words").arg(*shown_.begin()).arg(too).arg(words.size());
  }
  if (patches == 0 || shown_.empty()) return text;
  const int seen = canvas_.patches_shown();
  return text + " · " +
         (seen > 0 ? tr("%1 of %2 patches went to expert %3").arg(seen).arg(patches).arg(*shown_.begin())
                   : tr("no patch went to its experts"));
}

}  // namespace conclave::ui
