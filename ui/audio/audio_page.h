/// Speech and music: conclave-audio behind a form, what it made, side by side.
#pragma once

#include <QTemporaryDir>

#include "ui/app/page.h"
#include "ui/audio/sound_player.h"
#include "ui/audio/version.h"
#include "ui/data/text_table_model.h"
#include "ui/form/verb_form.h"
#include "ui/process/line_process.h"

class QLabel;
class QTabWidget;
class QTableView;

namespace conclave::ui {

class SoundView;

class AudioPage : public Page {
  Q_OBJECT
 public:
  explicit AudioPage(Context& context);
  static PageInfo info();
  void refresh() override;
  void try_sample() override;
  bool settled() const override;
  QWidget* first_focus() override;
  /// "speak", "music", "continue".
  VerbForm& form(const QString& verb);
  bool making() const { return process_.running() || loading_ > 0; }
  const std::vector<std::shared_ptr<const Version>>& versions() const { return versions_; }
  SoundPlayer& player() { return player_; }
  /// Of the chosen version.
  SoundView& view() { return *views_.front(); }
  /// One for each chosen version, one below the other, under one playhead.
  const std::vector<SoundView*>& views() const { return views_; }
  void open_file(const QString& file);
  void make();
  void play_or_stop();
  void seek(double seconds);

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  void build();
  void add_actions();
  VerbForm& current_form();
  void take_end(const QString& problem);
  void load(Version version);
  void show_versions();
  void show_current();
  void show_chosen();
  void set_playhead(double seconds);
  SoundView* add_view();
  void take_along();
  void say_state();
  int current() const;

  QTemporaryDir folder_;
  std::vector<VerbForm*> forms_;
  LineProcess process_;
  SoundPlayer player_;
  QByteArray last_line_;
  Version being_made_;
  std::vector<std::shared_ptr<const Version>> versions_;
  int made_ = 0, loading_ = 0;
  QString trouble_;
  TextTableModel table_model_;
  QTabWidget* tabs_;
  std::vector<SoundView*> views_;
  QVBoxLayout* views_layout_;
  QTableView* table_;
  QLabel* state_;
};

}  // namespace conclave::ui
