#include "text/model_tokenizer.hpp"

#include "text/wordpiece.hpp"

namespace dream::text {

ModelTokenizer load_model_tokenizer(const std::filesystem::path& folder) {
  const auto wordpiece = load_wordpiece(folder);
  const auto cls = wordpiece->cls();
  const auto sep = wordpiece->sep();
  return {wordpiece, {{cls}, {sep}, {sep}}, wordpiece->vocabulary_size(), wordpiece->rules().lowercase};
}

}  // namespace dream::text
