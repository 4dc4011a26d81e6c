#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dream::golden {

/// The texts of a cell: a JSON list (["a", "b"]), a list as Python prints it (['a', "b's"]), or the cell
/// itself as one text. Empty texts, null and None are left out. Nothing when the cell begins like a list of
/// texts and is none.
[[nodiscard]] std::optional<std::vector<std::string>> parse_list_cell(std::string_view cell);

}  // namespace dream::golden
