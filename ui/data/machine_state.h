/// How busy this machine is.
#pragma once

#include <QObject>
#include <QString>
#include <optional>

#include "ui/process/line_process.h"

namespace conclave::ui {

/// Ticks of all cores since the start of the machine.
struct CpuTicks {
  int64_t busy = 0, all = 0;
};
/// Of the first line of /proc/stat; nothing when it is none.
std::optional<CpuTicks> parse_cpu(const QByteArray& stat);

struct MemoryUse {
  int64_t used = 0, all = 0;  ///< bytes
};
/// Of /proc/meminfo; nothing when it does not tell.
std::optional<MemoryUse> parse_memory(const QByteArray& meminfo);
/// A line of "nvidia-smi --query-gpu=utilization.gpu,memory.used,memory.total --format=csv,noheader,nounits":
/// "40 %, 3.0 GB of 80.0 GB"; empty when it is none.
QString gpu_text(const QByteArray& line);

/// Looks every two seconds, and at graphics cards where nvidia-smi is on PATH every ten.
class MachineWatch : public QObject {
  Q_OBJECT
 public:
  explicit MachineWatch(QObject* parent = nullptr);
  /// "CPU 41 % of 4 cores · memory 3.2 GB of 16.4 GB · GPU 40 %, ..."
  const QString& text() const { return text_; }

 Q_SIGNALS:
  void changed(const QString& text);

 private:
  void look();

  std::optional<CpuTicks> before_;
  LineProcess gpu_process_;
  QString gpu_program_, gpu_, text_;
  int looks_ = 0;
};

}  // namespace conclave::ui
