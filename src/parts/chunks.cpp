#include "parts/chunks.hpp"

#include "parts/columns.hpp"

namespace dream::parts {
namespace {

/// A list of Texts as three columns: span bounds, row offsets, joiners.
struct TextColumn {
  Ragged<std::int64_t> bounds;  ///< begin, end, begin, end, ...
  std::vector<std::string> joiners;

  void add(const Text& text) {
    std::vector<std::int64_t> row;
    for (const auto& span : text.spans) {
      row.push_back(span.begin);
      row.push_back(span.end);
    }
    bounds.add(row);
    joiners.push_back(text.joiner);
  }
  [[nodiscard]] Text at(std::size_t i) const {
    Text text;
    const auto row = bounds.row(i);
    for (std::size_t j = 0; j + 1 < row.size(); j += 2) text.spans.push_back({row[j], row[j + 1]});
    text.joiner = joiners.at(i);
    return text;
  }
  void write(state::H5Writer& file, const std::string& name) const {
    bounds.write(file, name + "/spans");
    file.write_strings(name + "/joiner", joiners);
  }
  [[nodiscard]] static TextColumn read(const state::H5Reader& file, const std::string& name) {
    return {Ragged<std::int64_t>::read(file, name + "/spans"), file.read_strings(name + "/joiner")};
  }
};

/// The integer fields of a chunk, in the order of the columns of the matrix "links".
constexpr int link_fields = 7;

}  // namespace

void save(state::H5Writer& file, const std::vector<ChunkedDocument>& documents) {
  std::vector<Digest> ids, hashes;
  std::vector<std::int64_t> first{0};
  std::vector<std::int32_t> links;
  TextColumn embed, context;
  for (const auto& [document, chunks] : documents) {
    ids.push_back(document);
    first.push_back(first.back() + std::ssize(chunks));
    for (const auto& c : chunks) {
      hashes.push_back(c.text_hash);
      links.insert(links.end(),
                   {c.level, c.indexed ? 1 : 0, c.parent, c.prev, c.next, c.first_page, c.last_page});
      embed.add(c.embed);
      context.add(c.context);
    }
  }
  write_digests(file, "document", ids);
  file.write("first_chunk", std::span<const std::int64_t>(first));
  write_digests(file, "text_hash", hashes);
  file.write_matrix("links", MatrixView<const std::int32_t>{links.data(), first.back(), link_fields});
  embed.write(file, "embed");
  context.write(file, "context");
}

std::vector<ChunkedDocument> load_chunks(const state::H5Reader& file) {
  const auto ids = read_digests(file, "document");
  const auto first = file.read<std::int64_t>("first_chunk");
  const auto hashes = read_digests(file, "text_hash");
  const auto links = file.read_matrix<std::int32_t>("links").values;
  const auto embed = TextColumn::read(file, "embed");
  const auto context = TextColumn::read(file, "context");
  std::vector<ChunkedDocument> documents(ids.size());
  for (std::size_t d = 0; d < documents.size(); ++d) {
    documents[d].document = ids[d];
    for (std::int64_t i = first[d]; i < first[d + 1]; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const auto* field = links.data() + at * link_fields;
      Chunk chunk;
      chunk.ordinal = static_cast<std::int32_t>(i - first[d]);
      chunk.level = field[0];
      chunk.indexed = field[1] != 0;
      chunk.parent = field[2];
      chunk.prev = field[3];
      chunk.next = field[4];
      chunk.first_page = field[5];
      chunk.last_page = field[6];
      chunk.text_hash = hashes[at];
      chunk.embed = embed.at(at);
      chunk.context = context.at(at);
      documents[d].chunks.push_back(std::move(chunk));
    }
  }
  return documents;
}

}  // namespace dream::parts
