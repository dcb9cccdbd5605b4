#include "ui/data/machine_state.h"

#include <QFile>
#include <QStandardPaths>
#include <QThread>
#include <QTimer>
#include <cmath>

#include "ui/data/format.h"

namespace conclave::ui {
namespace {

constexpr int kLookMs = 2000, kGpuEvery = 5;
constexpr int64_t kMega = 1 << 20;

QByteArray read_small(const char* name) {
  QFile file(name);
  return file.open(QIODevice::ReadOnly) ? file.read(64 << 10) : QByteArray();
}

}  // namespace

std::optional<CpuTicks> parse_cpu(const QByteArray& stat) {
  const QList<QByteArray> words = stat.left(stat.indexOf('\n')).simplified().split(' ');
  if (words.size() < 6 || words[0] != "cpu") return std::nullopt;
  CpuTicks ticks;
  for (qsizetype i = 1; i < words.size() && i <= 8; ++i) {  // guests are counted as users already
    const int64_t value = words[i].toLongLong();
    ticks.all += value;
    if (i != 4 && i != 5) ticks.busy += value;  // neither idle nor waiting for disks
  }
  return ticks;
}

std::optional<MemoryUse> parse_memory(const QByteArray& meminfo) {
  const auto kilobytes = [&](const char* key) -> int64_t {
    const qsizetype at = meminfo.indexOf(key);
    return at < 0 ? 0
                  : meminfo.mid(at + static_cast<qsizetype>(strlen(key)), 40)
                        .simplified()
                        .split(' ')[0]
                        .toLongLong();
  };
  const int64_t all = kilobytes("MemTotal:"), free = kilobytes("MemAvailable:");
  if (all <= 0 || free <= 0) return std::nullopt;
  return MemoryUse{(all - free) * 1024, all * 1024};
}

QString gpu_text(const QByteArray& line) {
  const QList<QByteArray> cells = line.split(',');
  bool whole = cells.size() == 3;
  int64_t numbers[3] = {};
  for (qsizetype i = 0; whole && i < 3; ++i) numbers[i] = cells[i].trimmed().toLongLong(&whole);
  if (!whole) return {};
  return MachineWatch::tr("%1 %, %2 of %3")
      .arg(QString::number(numbers[0]), size_text(numbers[1] * kMega), size_text(numbers[2] * kMega));
}

MachineWatch::MachineWatch(QObject* parent)
    : QObject(parent), gpu_program_(QStandardPaths::findExecutable("nvidia-smi")) {
  connect(&gpu_process_, &LineProcess::line, this, [this](const QByteArray& line) { gpu_ = gpu_text(line); });
  auto* timer = new QTimer(this);
  connect(timer, &QTimer::timeout, this, &MachineWatch::look);
  timer->start(kLookMs);
  look();
}

void MachineWatch::look() {
  QStringList parts;
  const auto now = parse_cpu(read_small("/proc/stat"));
  const int cores = QThread::idealThreadCount();
  if (now && before_ && now->all > before_->all) {
    const double share =
        static_cast<double>(now->busy - before_->busy) / static_cast<double>(now->all - before_->all);
    parts << tr("CPU %1 % of %2 cores").arg(std::lround(100 * std::clamp(share, 0.0, 1.0))).arg(cores);
  } else if (now) {
    parts << tr("%1 cores").arg(cores);
  }
  before_ = now;
  if (const auto memory = parse_memory(read_small("/proc/meminfo")))
    parts << tr("memory %1 of %2").arg(size_text(memory->used), size_text(memory->all));
  if (!gpu_program_.isEmpty() && looks_++ % kGpuEvery == 0 && !gpu_process_.running())
    gpu_process_.start(gpu_program_, {"--query-gpu=utilization.gpu,memory.used,memory.total",
                                      "--format=csv,noheader,nounits"});
  parts << (gpu_.isEmpty() ? tr("no GPU") : tr("GPU %1").arg(gpu_));
  text_ = parts.join("  ·  ");
  Q_EMIT changed(text_);
}

}  // namespace conclave::ui
