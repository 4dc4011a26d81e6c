#include "model/precision.hpp"

#include "base/errors.hpp"
#include "kernels/api/numeric_class.hpp"

namespace dream::model {

using kernels::Precision;

Precision choose_precision(const std::string& wanted) {
  const auto bf16 = kernels::cpu::supports(Precision::bf16);
  if (wanted == "auto") return bf16 ? Precision::bf16 : Precision::fp32;
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    if (wanted != kernels::name_of(precision)) continue;
    if (kernels::cpu::supports(precision)) return precision;
    throw ConfigError("precision = \"" + wanted +
                      "\" needs AVX512-BF16 and AVX512-VNNI on every rank, and the ranks agreed on \"" +
                      kernels::cpu::numeric_class() + "\"; use \"auto\" or \"fp32\"");
  }
  if (wanted == "fp16")
    throw ConfigError("precision = \"fp16\" is for a GPU; use \"auto\", \"fp32\" or \"bf16\" on the CPU");
  throw ConfigError("precision = \"" + wanted + "\" is unknown; use auto, fp32, bf16 or int8");
}

kernels::Element choose_element(const std::string& wanted) {
  using kernels::Element;
  if (wanted == "auto") return Element::bf16;
  for (const auto element : {Element::fp32, Element::bf16, Element::fp16}) {
    if (wanted == name_of(element)) return element;
  }
  throw ConfigError("precision = \"" + wanted + "\" is " + (wanted == "int8" ? "for the CPU" : "unknown") +
                    "; use auto, fp32, bf16 or fp16 on a GPU");
}

}  // namespace dream::model
