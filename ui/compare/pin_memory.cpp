#include "ui/compare/pin_memory.h"

#include <QCryptographicHash>

namespace conclave::ui {

PinMemory::PinMemory(HistoryThread& history, Preferences& preferences, Pins& pins)
    : history_(history), preferences_(preferences), pins_(pins) {
  const auto path = QByteArray::fromStdString(std::filesystem::absolute(history.path()).string());
  place_ = "compare/pins/" + QCryptographicHash::hash(path, QCryptographicHash::Sha1).toHex();
  connect(&pins, &Pins::changed, this, &PinMemory::keep);
}

void PinMemory::restore() {
  const QStringList uuids = preferences_.value(place_).toStringList();
  if (uuids.isEmpty()) {
    restored_ = true;
    return;
  }
  history_.ask(
      this, question_,
      [uuids](const Store& store) {
        std::vector<int64_t> found;
        for (const QString& uuid : uuids)
          if (const auto run = store.find_uuid(uuid.toStdString())) found.push_back(*run);
        return found;
      },
      [this, count = uuids.size()](const Answer<std::vector<int64_t>>& answer) {
        if (restored_ || !answer.value) return;  // a history that cannot be read forgets nothing
        restored_ = true;
        std::vector<int64_t> runs = *answer.value;
        const auto gone = static_cast<int>(count - std::ssize(runs));
        runs.insert(runs.end(), pins_.runs().begin(), pins_.runs().end());  // pinned since
        pins_.set(runs);
        if (gone > 0) Q_EMIT vanished(gone);
      });
}

void PinMemory::keep() {
  if (!restored_) return restore();
  if (pins_.runs().empty()) return preferences_.remove(place_);
  history_.ask(
      this, question_,
      [runs = pins_.runs()](const Store& store) {
        QStringList uuids;
        for (const int64_t run : runs)
          if (const auto uuid = store.uuid_of(run)) uuids << QString::fromStdString(*uuid);
        return uuids;
      },
      [this](const Answer<QStringList>& answer) {
        if (answer.value && !pins_.runs().empty()) preferences_.setValue(place_, *answer.value);
      });
}

}  // namespace conclave::ui
