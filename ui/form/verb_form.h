/// A form for one verb of one program, made from what the program says of itself.
#pragma once

#include <QWidget>
#include <functional>
#include <map>

#include "ui/form/verb_description.h"
#include "ui/process/line_process.h"

class QFormLayout;
class QLabel;
class QLineEdit;

namespace conclave::ui {

class Preferences;

/// What is left empty is as the program has it, so the command line holds what was chosen and nothing else.
class VerbForm : public QWidget {
  Q_OBJECT
 public:
  /// `program` "conclave-stream", `verb` "run". Options in `hidden` are the page's own affair; those in
  /// `first` stand on top, the others below "All settings".
  VerbForm(QString program, QString verb, QStringList first, QStringList hidden, QWidget* parent = nullptr);

  /// Asks the program, once; ready() comes when the form is there, or problem() says why not.
  void prepare();
  /// Calls `what` when the form is there, now or later.
  void when_ready(std::function<void()> what);
  bool ready() const { return !description_.options.empty(); }
  bool settled() const { return !process_.running(); }
  const VerbDescription& description() const { return description_; }

  /// What differs from the defaults: an object of names.
  Json values() const;
  Json value(const QString& name) const;
  /// Sets a value (null: back to the default); may be called before the form is there.
  void set_value(const QString& name, const Json& value);
  void clear();
  /// As if "All settings" were pressed.
  void show_everything();
  /// The program, the verb and all flags that were chosen.
  QStringList command() const;
  /// What cannot be run as it stands, in one sentence; empty when all is well.
  QString problem() const;

  /// A preset is a file that --config takes, with the section [app.verb]. Both say what went wrong, or
  /// nothing.
  QString save_preset(const QString& file) const;
  QString load_preset(const QString& file);
  /// Asks for a file first.
  void choose_preset(bool save);
  /// Keeps what is set from here on, and begins with what was set last, unless set_value() came first.
  void keep_draft(Preferences& preferences);

 Q_SIGNALS:
  void became_ready();
  void changed();
  void message(const QString& text, bool error);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  struct Field {
    const VerbOption* option;
    QLabel* label;
    QWidget* editor;
    std::function<QString()> text;  ///< what is written there; empty: the default
    std::function<void(const QString&)> set_text;
    bool first = false;
  };
  void build();
  void restore_draft();
  void add_field(const VerbOption& option, QFormLayout* layout, bool first);
  void mark();
  void filter(const QString& words);
  QWidget* make_editor(Field& field);

  QString program_, verb_;
  QStringList first_, hidden_;
  LineProcess process_;
  QByteArray described_;
  VerbDescription description_;
  Json waiting_ = Json::object();  ///< values from before the form was there
  std::vector<Field> fields_;
  Preferences* drafts_ = nullptr;
  QWidget* fields_widget_ = nullptr;
  QLineEdit* filter_;
  QLabel* state_;
  std::vector<QWidget*> folded_;
};

}  // namespace conclave::ui
