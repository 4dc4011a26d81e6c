#include "model/folder_params.hpp"

namespace dream::model {

std::vector<ParamInfo> folder_params(std::string_view input) {
  return {{.name = "path",
           .default_value = std::string(),
           .help = "folder with config.json, model.safetensors and the tokenizer",
           .required = true},
          {.name = "precision",
           .default_value = std::string("auto"),
           .help = "fp32, bf16, int8 (CPU), fp16 (GPU), or auto: bf16 where every rank has it, else fp32"},
          {.name = "max_tokens",
           .default_value = std::int64_t{0},
           .help = "longest " + std::string(input) + " in tokens, special ones included; 0: the model's own",
           .min = 0}};
}

}  // namespace dream::model
