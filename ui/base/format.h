// Numbers as people read them. Every page writes a quantity in the same way.
#pragma once

#include <QString>

namespace omniq::ui {

/// "97.5 %"; a dash where there is none (negative or not a number).
QString percent_text(double percent);
/// "1.2 GiB"; a dash for none.
QString bytes_text(double bytes);
/// "1 h 05 min", "3 min 20 s", "12 s"; a dash for none.
QString duration_text(double seconds);
/// "22 Nov 15:30"; with the year where it is another one; a dash for 0.
QString time_text(double seconds_since_1970);
/// A number of about `digits` significant digits, as short as it can be: "0.0123", "1.2e-05".
QString number_text(double value, int digits = 4);

inline QString dash() { return QString(QChar(0x2013)); }

}  // namespace omniq::ui
