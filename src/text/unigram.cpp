#include "text/unigram.hpp"

#include <algorithm>

#include "base/errors.hpp"
#include "text/utf8.hpp"

namespace dream::text {
namespace {

std::vector<std::pair<std::string_view, std::int32_t>> entries(const UnigramSpec& spec) {
  std::vector<std::pair<std::string_view, std::int32_t>> result;
  for (std::size_t id = 0; id < spec.vocabulary.size(); ++id)
    result.emplace_back(spec.vocabulary[id].first, static_cast<std::int32_t>(id));
  return result;
}

}  // namespace

ByteTokens byte_tokens(const VocabularyTrie& vocabulary) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::array<std::int32_t, 256> ids{};
  for (std::size_t byte = 0; byte < ids.size(); ++byte) {
    ids[byte] = vocabulary.exact(std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">");
    if (ids[byte] < 0) return std::nullopt;
  }
  return ids;
}

Unigram::Unigram(UnigramSpec spec) : spec_(std::move(spec)), trie_(entries(spec_)) {
  DREAM_CHECK(spec_.unknown >= 0 && static_cast<std::size_t>(spec_.unknown) < spec_.vocabulary.size(),
              "the unknown token is none of the vocabulary");
  if (spec_.byte_fallback) bytes_ = byte_tokens(trie_);
  double least = spec_.vocabulary.front().second;
  for (const auto& [spelling, score] : spec_.vocabulary) least = std::min(least, score);
  unknown_score_ = least - 10;
}

class Unigram::Viterbi final : public Cutter {
 public:
  explicit Viterbi(const Unigram& model) : model_(model) {}

  const std::vector<PieceToken>& cut(std::string_view piece) override {
    forward(piece);
    backward(piece);
    return tokens_;
  }

 private:
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  /// The best way to reach a byte of the piece: its score, its last token and where that begins.
  struct Node {
    double score = 0;
    std::size_t from = nowhere;
    std::int32_t id = 0;
  };

  void forward(std::string_view piece) {
    best_.assign(piece.size() + 1, Node{});
    for (std::size_t at = 0; at < piece.size();) {
      const double here = best_[at].score;
      const auto character = decode(piece, at).bytes;
      bool known = false;
      const auto reach = [&](std::size_t to, double score, std::int32_t id) {
        auto& node = best_[to];
        if (node.from == nowhere || score > node.score) node = {score, at, id};
      };
      model_.trie_.each_prefix(piece.substr(at), [&](VocabularyTrie::Match match) {
        const auto& entry = model_.spec_.vocabulary[static_cast<std::size_t>(match.id)];
        reach(at + match.bytes, entry.second + here, match.id);
        known = known || match.bytes == character;
      });
      if (!known) reach(at + character, model_.unknown_score_ + here, model_.spec_.unknown);
      at += character;
    }
  }

  void backward(std::string_view piece) {
    tokens_.clear();
    for (auto end = piece.size(); end > 0;) {
      auto node = best_[end];
      auto begin = node.from;
      if (node.id == model_.spec_.unknown) {
        while (begin > 0 && best_[begin].id == model_.spec_.unknown) begin = best_[begin].from;
        unknown(piece, begin, end);
      } else {
        tokens_.push_back({node.id, begin, end});
      }
      end = begin;
    }
    std::reverse(tokens_.begin(), tokens_.end());
  }

  /// Appends in reverse, as backward() walks.
  void unknown(std::string_view piece, std::size_t begin, std::size_t end) {
    const auto id = model_.trie_.exact(piece.substr(begin, end - begin));
    if (id >= 0 || !model_.bytes_) {
      tokens_.push_back({id >= 0 ? id : model_.spec_.unknown, begin, end});
      return;
    }
    for (auto at = end; at > begin; --at)
      tokens_.push_back({(*model_.bytes_)[static_cast<unsigned char>(piece[at - 1])], begin, end});
  }

  const Unigram& model_;
  std::vector<Node> best_;
  std::vector<PieceToken> tokens_;
};

std::unique_ptr<PieceModel::Cutter> Unigram::cutter() const { return std::make_unique<Viterbi>(*this); }

}  // namespace dream::text
