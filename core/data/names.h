// Names of classes, folders and files as people and disks spell them. Internal to core/data.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace omniq::data {

/// What a name is found by: the same for names that differ in case, or in how letters with accents
/// are put together (as macOS and Linux do: NFD and NFC). A name that is not UTF-8 is found by its
/// bytes, without regard to case.
std::string name_key(std::string_view name);

/// The name with its accents put together (NFC), as records have it.
std::string composed(std::string_view name);

/// Whether a class may be called so: its name becomes part of checkpoints, lists and tables, which
/// are UTF-8, a line a name. `where` begins the sentence: "The folder x of y", "list.txt:3: the
/// class".
Status check_class_name(const std::string& where, std::string_view name);

}  // namespace omniq::data
