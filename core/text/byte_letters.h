// How Hugging Face's files write bytes: each as a letter of its own, so that every token is a text
// without blanks. Printable bytes of Latin-1 are themselves; the others take U+0100 and on in turn.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace omniq::text {

/// The bytes that the letters stand for; nothing where one of them stands for none.
std::optional<std::string> bytes_of_letters(std::string_view letters);

std::string letters_of_bytes(std::string_view bytes);

}  // namespace omniq::text
