/// Several readers of one study: what each drew and chose, kept apart, and what is decided where they differ.
#pragma once

#include <QWidget>

#include "ui/process/line_process.h"
#include "ui/ultrasound/frame_viewer.h"
#include "ui/ultrasound/reader_table.h"

class QComboBox;
class QLabel;
class QPushButton;

namespace conclave::ui {

class ReadersPanel : public QWidget {
  Q_OBJECT
 public:
  explicit ReadersPanel(const Lexicon& lexicon, QWidget* parent = nullptr);
  /// What is on disk for a study; nothing of what was drawn and not saved stays.
  void open(const QString& reports, const QString& study_file);
  void set_reader(const QString& name);
  /// Organs to choose from, once the lexicon is there; `organ`: the one that the report is of.
  void offer_organs(const QString& organ);
  void draw(int64_t frame, const QPolygonF& outline, bool is_box);
  /// What lies on a frame, each reader in its colour.
  std::vector<FrameMarks::Reader> marks(int64_t frame) const;
  /// Its size is that of masks.
  void set_picture_size(const QSize& size) { size_ = size; }
  ReaderTableModel& table() { return table_; }
  bool settled() const { return !process_.running(); }

 Q_SIGNALS:
  void said(const QString& text, bool error);
  void marks_changed();
  void command_used(const QStringList& words);
  /// A report is to be drafted from this findings file.
  void draft_wanted(const QString& findings_file);

 private:
  QString organ() const;
  void show_table();
  /// The table anew, with what was drawn and not saved, and with these fields.
  void show_keeping(const QMap<QString, QString>& fields);
  void show_drawn();
  void save();
  void adjudicate();
  void take_joined(const QString& problem);

  const Lexicon& lexicon_;
  ReaderFolder folder_;
  QString reader_;
  QSize size_;
  std::vector<Annotation> readers_;
  Annotation mine_;  ///< what is drawn; its fields are the table's
  bool unsaved_ = false;
  ReaderTableModel table_;
  LineProcess process_;
  QByteArray line_;
  QComboBox* organ_;
  QLabel *drawn_, *agreement_;
  QPushButton *save_, *clear_, *join_, *draft_;
};

}  // namespace conclave::ui
