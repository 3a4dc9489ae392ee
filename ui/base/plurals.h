// Plural forms of the English texts in the source: "%n run(s)" is "1 run" or "3 runs". Other
// languages bring theirs in translation files.
#pragma once

#include <QTranslator>

namespace omniq::ui {

class EnglishPlurals : public QTranslator {
 public:
  using QTranslator::QTranslator;
  QString translate(const char*, const char* source, const char*, int n) const override {
    if (n < 0) return {};  // not a text with a number: it stays as it is
    return QString::fromUtf8(source).replace(QLatin1String("(s)"),
                                             QLatin1String(n == 1 ? "" : "s"));
  }
  bool isEmpty() const override { return false; }
};

}  // namespace omniq::ui
