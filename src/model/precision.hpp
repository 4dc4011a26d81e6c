#pragma once
#include <string>

#include "kernels/api/element.hpp"
#include "kernels/api/precision.hpp"

namespace dream::model {

/// The precision behind a config's word: "fp32", "bf16", "int8", or "auto", which is the fastest that serves
/// retrieval as well as float32: bf16 where this numeric class has it. Throws ConfigError for another word
/// and for a precision that this numeric class lacks.
[[nodiscard]] kernels::Precision choose_precision(const std::string& wanted);

/// The same for an accelerator: "fp32", "bf16", "fp16", or "auto", which is bf16.
[[nodiscard]] kernels::Element choose_element(const std::string& wanted);

}  // namespace dream::model
