/// The list of pages at the left: icons with words, icons alone where the window is narrow.
#pragma once

#include <QWidget>
#include <map>

class QButtonGroup;
class QToolButton;
class QVBoxLayout;

namespace conclave::ui {

class Rail : public QWidget {
  Q_OBJECT
 public:
  explicit Rail(QWidget* parent = nullptr);
  void add(const QString& id, const QString& title, const QString& glyph);
  void select(const QString& id);
  void set_badge(const QString& id, const QString& text);
  void set_collapsed(bool collapsed);
  bool collapsed() const { return collapsed_; }

 Q_SIGNALS:
  void chosen(const QString& id);

 private:
  struct Item {
    QToolButton* button;
    QString title, badge;
  };
  void label(const Item& item) const;
  std::map<QString, Item> items_;
  QVBoxLayout* layout_;
  QButtonGroup* group_;
  bool collapsed_ = false;
};

}  // namespace conclave::ui
