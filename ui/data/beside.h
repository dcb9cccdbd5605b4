/// Short work beside the window: reading a file, counting its lines.
#pragma once

#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>
#include <memory>

namespace conclave::ui {

/// Calls `work()` on another thread and then `done(result)` here, unless `context` is gone by then. `work`
/// throws nothing.
template <class Work, class Done>
void beside(QObject* context, Work work, Done done) {
  using T = std::decay_t<std::invoke_result_t<Work>>;
  QThreadPool::globalInstance()->start([work, done, alive = QPointer<QObject>(context)] {
    auto result = std::make_shared<T>(work());
    QMetaObject::invokeMethod(
        qApp,
        [result, done, alive] {
          if (alive) done(std::move(*result));
        },
        Qt::QueuedConnection);
  });
}

}  // namespace conclave::ui
