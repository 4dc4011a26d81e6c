#pragma once
#include "config/config.hpp"

namespace dream::config::test {

/// A small catalog with every kind of row: parameters of all types, dotted ones, required ones, checks,
/// secrets.
[[nodiscard]] Catalog catalog();

/// The variables that the configs of tests/data/config may use.
[[nodiscard]] std::map<std::string, std::string> variables();

}  // namespace dream::config::test
