// stdout of a program whose result somebody waits for: what could not be written is an error.
#pragma once

namespace omniq::app {

/// From now on std::cout remembers why writing failed. Opens what stands for stdin, stdout and
/// stderr where the parent has closed them, so that no file of the program takes their place. Call
/// first.
void watch_output();

/// Writes what is left in std::cout; returns `code`, what the program ends with. Where not all of
/// the output arrived, stderr says why, and 0 becomes 1.
int finish_output(int code);

}  // namespace omniq::app
