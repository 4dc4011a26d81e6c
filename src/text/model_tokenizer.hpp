#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "text/tokenizer.hpp"

namespace dream::text {

/// The ids that a model wants around its input: one text is before A after, a pair is
/// before A between B after. BERT: [CLS] A [SEP] B [SEP]; RoBERTa: <s> A </s> </s> B </s>.
struct SpecialTokens {
  std::vector<std::int32_t> before;
  std::vector<std::int32_t> between;
  std::vector<std::int32_t> after;
};

/// What a model's folder says about its tokens.
struct ModelTokenizer {
  std::shared_ptr<const Tokenizer> tokenizer;
  SpecialTokens special;
  std::int64_t vocabulary_size = 0;  ///< highest id + 1, added tokens included
  bool lowercase = false;            ///< capitals are no different to it
};

/// The tokenizer of a model's folder, from the first of these that it has: tokenizer.json, vocab.txt, a
/// sentence-piece model, vocab.json with merges.txt, a rank file of tiktoken. Throws
/// ModelError for files that are missing or broken, and for parts that this build does not know, by name.
[[nodiscard]] ModelTokenizer load_model_tokenizer(const std::filesystem::path& folder);

}  // namespace dream::text
