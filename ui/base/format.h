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

inline QString dash() { return QString(QChar(0x2013)); }

}  // namespace omniq::ui
