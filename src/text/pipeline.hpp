#pragma once
#include <memory>

#include "text/added_tokens.hpp"
#include "text/normaliser.hpp"
#include "text/piece_model.hpp"
#include "text/pretokeniser.hpp"
#include "text/tokenizer.hpp"

namespace dream::text {

struct PipelineSpec {
  std::vector<AddedToken> added;
  Normaliser normaliser;      ///< none: the text as it is
  Pretokeniser pretokeniser;  ///< none: a text is one piece
  std::shared_ptr<const PieceModel> model;
  Digest source;  ///< of the files that said all this
};

/// Any tokenizer of Hugging Face's `tokenizers`: added tokens are taken out of the raw text, the rest is
/// normalised, added tokens are taken out of that, the rest is cut into pieces and each piece into tokens.
class Pipeline final : public Tokenizer {
 public:
  explicit Pipeline(PipelineSpec spec);

  [[nodiscard]] Digest identity() const override;
  [[nodiscard]] std::vector<Token> encode(std::string_view text) const override;

 private:
  PipelineSpec spec_;
  AddedTokens raw_;
  AddedTokens normalised_;
};

}  // namespace dream::text
