#include <algorithm>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/errors.hpp"
#include "text/bpe.hpp"
#include "text/json_file.hpp"
#include "text/pipeline.hpp"
#include "text/protobuf.hpp"
#include "text/tokenizer_files.hpp"

namespace dream::text {
namespace {

namespace fs = std::filesystem;

constexpr const char* space_mark = "\u2581";

struct Piece {
  std::string spelling;
  double score = 0;
  std::uint64_t kind = 1;  // 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte
};

/// What a model file of sentence-piece says, as far as it decides tokens.
struct Trained {
  std::vector<Piece> pieces;
  std::uint64_t algorithm = 1;  // 1 Unigram, 2 BPE
  bool byte_fallback = false;
  std::string charsmap;
};

Trained parse(std::string_view bytes, const fs::path& path) {
  Trained trained;
  bool broken = false;
  const auto fields = [&](std::string_view message, auto&& visit) {
    ProtobufReader reader(message);
    while (const auto field = reader.next()) visit(*field);
    broken = broken || reader.broken();
  };
  using Field = ProtobufReader::Field;
  fields(bytes, [&](const Field& part) {
    if (part.number == 1) {
      Piece piece;
      fields(part.bytes, [&](const Field& field) {
        if (field.number == 1) piece.spelling = field.bytes;
        if (field.number == 2)
          piece.score = double{std::bit_cast<float>(static_cast<std::uint32_t>(field.value))};
        if (field.number == 3) piece.kind = field.value;
      });
      trained.pieces.push_back(std::move(piece));
    } else if (part.number == 2) {
      fields(part.bytes, [&](const Field& field) {
        if (field.number == 3) trained.algorithm = field.value;
        if (field.number == 35) trained.byte_fallback = field.value != 0;
      });
    } else if (part.number == 3) {
      fields(part.bytes, [&](const Field& field) {
        if (field.number == 2) trained.charsmap = field.bytes;
      });
    }
  });
  if (broken || trained.pieces.empty())
    throw ModelError(path.string(), "", "is no model file of sentence-piece");
  for (const auto& piece : trained.pieces) {
    if (!std::isfinite(piece.score))
      throw ModelError(path.string(), piece.spelling, "has a score that is no number");
    // Every way to halve a token is looked at.
    if (piece.spelling.size() > 1000)
      throw ModelError(path.string(), piece.spelling.substr(0, 40), "is longer than any token");
  }
  return trained;
}

/// How a family of models moves the ids of its model file.
enum class Layout { plain, xlm_roberta };

Layout layout_of(const fs::path& folder) {
  const auto config = folder / "tokenizer_config.json";
  if (!fs::exists(config)) return Layout::plain;
  auto name = json_value<std::string>(read_json(config), "tokenizer_class", "", config);
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  if (name.empty() || name == "PreTrainedTokenizer") return Layout::plain;
  if (name == "XLMRobertaTokenizer") return Layout::xlm_roberta;
  throw ModelError(
      config.string(), "tokenizer_class",
      "is \"" + name +
          "\", of which this build reads no sentence-piece file; supported: XLMRobertaTokenizer, or a "
          "tokenizer.json in its place");
}

using Scored = std::vector<std::pair<std::string, double>>;

Scored vocabulary_of(const Trained& trained, Layout layout) {
  Scored vocabulary;
  if (layout == Layout::xlm_roberta) vocabulary = {{"<s>", 0}, {"<pad>", 0}, {"</s>", 0}, {"<unk>", 0}};
  // Its first three pieces are <unk>, <s> and </s>, in the order of the trainer.
  for (std::size_t i = layout == Layout::xlm_roberta ? 3 : 0; i < trained.pieces.size(); ++i)
    vocabulary.emplace_back(trained.pieces[i].spelling, trained.pieces[i].score);
  if (layout == Layout::xlm_roberta) vocabulary.emplace_back("<mask>", 0);
  return vocabulary;
}

std::int32_t id_of(const Scored& vocabulary, const std::string& spelling, const fs::path& path) {
  const auto found = std::find_if(vocabulary.begin(), vocabulary.end(),
                                  [&](const auto& entry) { return entry.first == spelling; });
  if (found == vocabulary.end()) throw ModelError(path.string(), spelling, "is not among its pieces");
  return static_cast<std::int32_t>(found - vocabulary.begin());
}

std::vector<AddedToken> added_tokens(const Trained& trained, const Scored& vocabulary, Layout layout,
                                     const fs::path& path) {
  std::vector<AddedToken> added;
  if (layout == Layout::plain) {
    for (std::size_t i = 0; i < trained.pieces.size(); ++i) {
      const auto& piece = trained.pieces[i];
      if (piece.kind == 3 || piece.kind == 4)
        added.push_back({piece.spelling, static_cast<std::int32_t>(i), false, false, false, false});
    }
    return added;
  }
  for (const char* token : {"<s>", "<pad>", "</s>", "<unk>", "<mask>"}) {
    added.push_back(
        {token, id_of(vocabulary, token, path), false, token == std::string("<mask>"), false, false});
  }
  return added;
}

std::shared_ptr<const PieceModel> unigram(const Trained& trained, Layout layout, Scored vocabulary,
                                          std::int32_t unknown) {
  UnigramSpec spec{std::move(vocabulary), unknown, layout == Layout::plain && trained.byte_fallback};
  return std::make_shared<Unigram>(std::move(spec));
}

std::shared_ptr<const PieceModel> bpe(const Trained& trained, std::int32_t unknown) {
  std::vector<RankedToken> tokens;
  BpeSpec spec;
  for (const auto& piece : trained.pieces) {
    const auto id = static_cast<std::int32_t>(tokens.size());
    tokens.push_back({piece.spelling, id, id});
    spec.vocabulary.emplace_back(piece.spelling, id);
  }
  spec.merges = merges_of(tokens);
  // Hugging Face writes them out as a list, so that no two are equal.
  for (std::size_t i = 0; i < spec.merges.size(); ++i) spec.merges[i].rank = static_cast<std::int32_t>(i);
  spec.unknown = unknown;
  spec.fuse_unknown = true;
  spec.byte_fallback = trained.byte_fallback;
  return std::make_shared<Bpe>(std::move(spec));
}

/// The normaliser and the cuts that Hugging Face puts before each of these.
void set_cuts(const Trained& trained, Layout layout, PipelineSpec& spec, const fs::path& path) {
  std::vector<Normaliser> steps;
  if (!trained.charsmap.empty()) {
    auto map = CharsMap::read(trained.charsmap);
    if (!map) throw ModelError(path.string(), "precompiled_charsmap", "is no map of characters");
    steps.push_back(precompiled(std::move(*map)));
  }
  if (layout == Layout::xlm_roberta) {
    spec.pretokeniser =
        in_sequence(std::vector{whitespace_split(), metaspace(space_mark, Prepend::always, true)});
  } else {
    steps.push_back(strip(false, true));
    steps.push_back(replace_runs_of_spaces(space_mark));
    spec.pretokeniser = metaspace(space_mark, Prepend::always, true);
  }
  spec.normaliser = in_sequence(std::move(steps));
}

}  // namespace

ModelTokenizer read_sentencepiece(const fs::path& path) {
  const auto bytes = read_model_file(path);
  const auto trained = parse(bytes, path);
  const auto layout = layout_of(path.parent_path());
  if (trained.algorithm != 1 && !(trained.algorithm == 2 && layout == Layout::plain)) {
    throw ModelError(
        path.string(), "model_type",
        "is " + std::to_string(trained.algorithm) +
            "; this build knows 1 (Unigram) and, where no tokenizer_class moves its ids, 2 (BPE)");
  }
  auto vocabulary = vocabulary_of(trained, layout);
  const auto unknown_piece = std::find_if(trained.pieces.begin(), trained.pieces.end(),
                                          [](const Piece& piece) { return piece.kind == 2; });
  if (unknown_piece == trained.pieces.end())
    throw ModelError(path.string(), "<unk>", "is not among its pieces");
  const auto unknown = layout == Layout::plain
                           ? static_cast<std::int32_t>(unknown_piece - trained.pieces.begin())
                           : id_of(vocabulary, "<unk>", path);
  ModelTokenizer result;
  result.vocabulary_size = static_cast<std::int64_t>(vocabulary.size());
  PipelineSpec spec;
  spec.added = added_tokens(trained, vocabulary, layout, path);
  if (layout != Layout::plain) {
    const auto begin = id_of(vocabulary, "<s>", path);
    const auto end = id_of(vocabulary, "</s>", path);
    result.special = {{begin}, {end, end}, {end}};
  }
  set_cuts(trained, layout, spec, path);
  spec.model = trained.algorithm == 2 ? bpe(trained, unknown)
                                      : unigram(trained, layout, std::move(vocabulary), unknown);
  spec.source = Hasher("sentencepiece").add(static_cast<std::int64_t>(layout)).add(bytes).finish();
  result.tokenizer = std::make_shared<Pipeline>(std::move(spec));
  return result;
}

}  // namespace dream::text
