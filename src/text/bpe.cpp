#include "text/bpe.hpp"

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "text/utf8.hpp"

namespace dream::text {
namespace {

std::vector<std::pair<std::string_view, std::int32_t>> entries(const BpeSpec& spec) {
  return {spec.vocabulary.begin(), spec.vocabulary.end()};
}

std::uint64_t pair_of(std::int32_t left, std::int32_t right) {
  return (std::uint64_t{static_cast<std::uint32_t>(left)} << 32) | static_cast<std::uint32_t>(right);
}

std::size_t slot_of(std::uint64_t pair, std::size_t slots) {
  return static_cast<std::size_t>((pair * 0x9E3779B97F4A7C15ULL) >> 32) & (slots - 1);
}

}  // namespace

Bpe::Bpe(BpeSpec spec)
    : spec_(std::move(spec)), trie_(entries(spec_)), slots_(std::bit_ceil(2 * spec_.merges.size() + 2)) {
  if (spec_.byte_fallback) bytes_ = byte_tokens(trie_);
  for (int byte = 0; byte < 256; ++byte) single_[byte] = trie_.exact(std::string(1, static_cast<char>(byte)));
  for (const auto& merge : spec_.merges) insert(merge);
}

void Bpe::insert(const Merge& merge) {
  const auto pair = pair_of(merge.left, merge.right);
  auto slot = slot_of(pair, slots_.size());
  while (slots_[slot].pair != empty && slots_[slot].pair != pair) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = {pair, {merge.rank, merge.result}};
}

const Bpe::Target* Bpe::find(std::int32_t left, std::int32_t right) const {
  const auto pair = pair_of(left, right);
  for (auto slot = slot_of(pair, slots_.size());; slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot].pair == pair) return &slots_[slot].target;
    if (slots_[slot].pair == empty) return nullptr;
  }
}

class Bpe::Merger final : public Cutter {
 public:
  explicit Merger(const Bpe& model) : model_(model) {}

  const std::vector<PieceToken>& cut(std::string_view piece) override {
    tokens_.clear();
    if (model_.spec_.ignore_merges) {
      if (const auto whole = model_.trie_.exact(piece); whole >= 0) {
        tokens_.push_back({whole, 0, piece.size()});
        return tokens_;
      }
    }
    begin(piece);
    merge();
    for (const auto& symbol : symbols_) {
      if (symbol.bytes > 0) tokens_.push_back({symbol.id, symbol.begin, symbol.begin + symbol.bytes});
    }
    return tokens_;
  }

 private:
  static constexpr std::int32_t none = -1;
  struct Symbol {
    std::int32_t id = 0;
    std::int32_t before = none;
    std::int32_t next = none;
    std::size_t begin = 0;
    std::size_t bytes = 0;  // 0: merged into another
  };
  struct Candidate {
    std::int32_t rank = 0;
    std::int32_t at = 0;
    std::int32_t id = 0;
    /// The heap's top is the earliest merge, then the leftmost place.
    bool operator<(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : at > other.at;
    }
  };

  void add(std::int32_t id, std::size_t begin, std::size_t bytes) {
    const auto index = static_cast<std::int32_t>(symbols_.size());
    if (index > 0) symbols_.back().next = index;
    symbols_.push_back({id, index - 1, none, begin, bytes});
  }

  void begin(std::string_view piece) {
    symbols_.clear();
    std::size_t unknown_begin = 0, unknown_bytes = 0;
    const auto flush_unknown = [&] {
      if (unknown_bytes > 0) add(*model_.spec_.unknown, unknown_begin, unknown_bytes);
      unknown_bytes = 0;
    };
    for (std::size_t at = 0; at < piece.size();) {
      const auto byte = static_cast<unsigned char>(piece[at]);
      const auto bytes = model_.spec_.byte_level || byte < 0x80 ? 1 : decode(piece, at).bytes;
      const auto id = bytes == 1 ? model_.single_[byte] : model_.trie_.exact(piece.substr(at, bytes));
      if (id >= 0) {
        flush_unknown();
        add(id, at, bytes);
      } else if (model_.bytes_) {
        for (std::size_t i = at; i < at + bytes; ++i)
          add((*model_.bytes_)[static_cast<unsigned char>(piece[i])], i, 1);
      } else if (model_.spec_.unknown) {
        if (!model_.spec_.fuse_unknown) flush_unknown();
        if (unknown_bytes == 0) unknown_begin = at;
        unknown_bytes = at + bytes - unknown_begin;
      }
      at += bytes;
    }
    flush_unknown();
  }

  void consider(std::int32_t at) {
    const auto& symbol = symbols_[static_cast<std::size_t>(at)];
    if (symbol.next == none) return;
    const auto* target = model_.find(symbol.id, symbols_[static_cast<std::size_t>(symbol.next)].id);
    if (target == nullptr) return;
    heap_.push_back({target->rank, at, target->id});
    std::push_heap(heap_.begin(), heap_.end());
  }

  void merge() {
    heap_.clear();
    for (std::size_t i = 0; i + 1 < symbols_.size(); ++i) consider(static_cast<std::int32_t>(i));
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end());
      const auto top = heap_.back();
      heap_.pop_back();
      auto& left = symbols_[static_cast<std::size_t>(top.at)];
      if (left.bytes == 0 || left.next == none) continue;
      auto& right = symbols_[static_cast<std::size_t>(left.next)];
      const auto* target = model_.find(left.id, right.id);
      if (target == nullptr || target->id != top.id) continue;  // one of the two has changed meanwhile
      left.id = top.id;
      left.bytes += right.bytes;
      left.next = right.next;
      right.bytes = 0;
      if (right.next != none) symbols_[static_cast<std::size_t>(right.next)].before = top.at;
      if (left.before != none) consider(left.before);
      consider(top.at);
    }
  }

  const Bpe& model_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
  std::vector<PieceToken> tokens_;
};

std::unique_ptr<PieceModel::Cutter> Bpe::cutter() const { return std::make_unique<Merger>(*this); }

std::vector<Merge> merges_of(const std::vector<RankedToken>& tokens) {
  std::unordered_map<std::string_view, std::int32_t> ids;
  for (const auto& token : tokens) ids.emplace(token.spelling, token.id);
  struct Way {
    Merge merge;
    std::size_t left_bytes;
  };
  std::vector<Way> ways;
  for (const auto& token : tokens) {
    const std::string_view spelling = token.spelling;
    for (std::size_t cut = 1; cut < spelling.size(); ++cut) {
      const auto left = ids.find(spelling.substr(0, cut));
      if (left == ids.end()) continue;
      const auto right = ids.find(spelling.substr(cut));
      if (right != ids.end()) ways.push_back({{token.rank, left->second, right->second, token.id}, cut});
    }
  }
  std::stable_sort(ways.begin(), ways.end(), [](const auto& a, const auto& b) {
    return a.merge.rank != b.merge.rank ? a.merge.rank < b.merge.rank : a.left_bytes < b.left_bytes;
  });
  std::vector<Merge> merges;
  for (const auto& way : ways) merges.push_back(way.merge);
  return merges;
}

}  // namespace dream::text
