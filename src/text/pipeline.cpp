#include "text/pipeline.hpp"

#include <unicode/uversion.h>

namespace dream::text {
namespace {

/// The added tokens of the raw text, or those of the normalised one, whose spelling is normalised too.
AddedTokens of_kind(const PipelineSpec& spec, bool normalised) {
  std::vector<AddedToken> tokens;
  for (auto token : spec.added) {
    if (token.normalised != normalised) continue;
    if (normalised && spec.normaliser)
      token.content = spec.normaliser(align(token.content, 0, token.content.size())).bytes;
    tokens.push_back(std::move(token));
  }
  return AddedTokens(std::move(tokens));
}

AlignedText part(const AlignedText& text, std::size_t begin, std::size_t end) {
  AlignedText result;
  result.append(text, begin, end);
  return result;
}

/// run(begin, end) for what is between the found tokens of a text, visit(token) for these, in order.
template <class Run, class Visit>
void between(const std::vector<AddedTokens::Found>& found, std::size_t size, Run&& run, Visit&& visit) {
  std::size_t done = 0;
  for (const auto& token : found) {
    if (done < token.begin) run(done, token.begin);
    visit(token);
    done = token.end;
  }
  if (done < size) run(done, size);
}

}  // namespace

Pipeline::Pipeline(PipelineSpec spec)
    : spec_(std::move(spec)), raw_(of_kind(spec_, false)), normalised_(of_kind(spec_, true)) {}

Digest Pipeline::identity() const {
  UVersionInfo unicode{};
  u_getVersion(unicode);
  return Hasher("tokenizer/pipeline").add(1).add(unicode[0]).add(spec_.source).finish();
}

std::vector<Token> Pipeline::encode(std::string_view text) const {
  std::vector<Token> tokens;
  const auto cutter = spec_.model->cutter();
  const auto cut = [&](AlignedText piece) {
    const auto size = piece.bytes.size();
    Pieces pieces{std::move(piece), {{0, size}}};
    if (spec_.pretokeniser) pieces = spec_.pretokeniser(std::move(pieces));
    const std::string_view bytes = pieces.text.bytes;
    for (const auto& range : pieces.ranges) {
      for (const auto& token : cutter->cut(bytes.substr(range.begin, range.end - range.begin))) {
        const auto place = pieces.text.place(range.begin + token.begin, range.begin + token.end);
        tokens.push_back({token.id, place.begin, place.end});
      }
    }
  };
  const auto normalise = [&](std::size_t begin, std::size_t end) {
    auto section = align(text, begin, end);
    if (spec_.normaliser) section = spec_.normaliser(std::move(section));
    const auto found = normalised_.find(section.bytes);
    if (found.empty()) {
      if (!section.bytes.empty()) cut(std::move(section));
      return;
    }
    between(
        found, section.bytes.size(), [&](std::size_t b, std::size_t e) { cut(part(section, b, e)); },
        [&](const AddedTokens::Found& token) {
          const auto place = section.place(token.begin, token.end);
          tokens.push_back({token.id, place.begin, place.end});
        });
  };
  between(raw_.find(text), text.size(), normalise, [&](const AddedTokens::Found& token) {
    tokens.push_back(
        {token.id, static_cast<std::int64_t>(token.begin), static_cast<std::int64_t>(token.end)});
  });
  return tokens;
}

}  // namespace dream::text
