#include <algorithm>
#include <map>

#include "comm/agree.hpp"
#include "parts/chunks.hpp"
#include "parts/documents.hpp"
#include "parts/vectors.hpp"
#include "stages/index/shard.hpp"
#include "sweep/phases/phases.hpp"
#include "sweep/rounds.hpp"
#include "sweep/text_vectors.hpp"

namespace dream::sweep {
namespace {

/// The distinct texts that an embed part needs, by hash.
std::map<Digest, std::string> texts_of(const Run& run, const Item& item) {
  const auto& chunk_node = run.node(run.node(item.node).inputs[0]);
  const auto documents = parts::load_documents(run.parts.open(run.key(chunk_node.inputs[0], item.part)));
  const auto chunked = parts::load_chunks(run.parts.open(run.plan.part_key(chunk_node, item.part)));
  std::map<Digest, std::string> texts;
  for (std::size_t d = 0; d < chunked.size(); ++d) {
    for (const auto& chunk : chunked[d].chunks) {
      if (!chunk.indexed || texts.contains(chunk.text_hash)) continue;
      texts[chunk.text_hash] = render(chunk.embed, documents[d].document.text);
    }
  }
  return texts;
}

/// One round: the texts of some buckets, embedded by all ranks, written by this one.
void embed_round(Run& run, TextVectors& vectors, std::span<const Item> items, StageScope& scope) {
  const auto round = run.trace.span(Track::work, "round", std::ssize(items));
  std::vector<std::map<Digest, std::string>> by_item;
  std::vector<std::string> texts;
  comm::agree(run.comm, [&] {
    run.fault(Stage::embed);
    for (const auto& item : items) {
      run.pulse();
      const auto span = run.span(item);
      by_item.push_back(texts_of(run, item));
      for (const auto& [hash, text] : by_item.back()) texts.push_back(text);
    }
  });
  const auto embedded = vectors.embed(texts);
  comm::agree(run.comm, [&] {
    std::int64_t row = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto span = run.span(items[i]);
      parts::TextVectors part;
      part.vectors = Matrix(std::ssize(by_item[i]), embedded.cols);
      std::int64_t at = 0;
      for (const auto& [hash, text] : by_item[i]) {
        part.hashes.push_back(hash);
        std::ranges::copy(embedded.row(row++), part.vectors.row(at++).begin());
      }
      run.parts.write(items[i].key, [&](state::H5Writer& file) { parts::save(file, part); });
      scope.advance();
    }
  });
}

}  // namespace

void embed_chunks(Run& run) {
  const auto items = pending(run, Stage::embed);
  StageScope scope(run, Stage::embed, items);
  for (const auto& [embedder, pending_items] : by_embedder(run.plan, items)) {
    TextVectors vectors(run, embedder, embed::Role::passage);
    comm::agree(run.comm, [&] { index::check_factory(run.config.index.factory, vectors.dimension()); });
    in_rounds(run.comm, mine(run, pending_items), embed_round_bytes,
              [&](std::span<const Item> round) { embed_round(run, vectors, round, scope); });
  }
}

void embed_questions(Run& run) {
  const auto items = pending(run, Stage::query);
  StageScope scope(run, Stage::query, items);
  for (const auto& [embedder, pending_items] : by_embedder(run.plan, items)) {
    // Over all ranks, so that a text has one home here and when the judge compares it: it is asked for once.
    TextVectors vectors(run, embedder, embed::Role::query);
    const auto own = mine(run, pending_items);
    std::vector<std::string> texts;
    comm::agree(run.comm, [&] {
      run.fault(Stage::query);
      for (const auto& item : own) {
        const auto& slice = run.plan.slices[static_cast<std::size_t>(item.part)];
        for (auto q = slice.begin; q < slice.end; ++q)
          texts.push_back(run.questions[static_cast<std::size_t>(q)].question);
      }
    });
    const auto embedded = vectors.embed(texts);
    comm::agree(run.comm, [&] {
      std::int64_t row = 0;
      for (const auto& item : own) {
        const auto span = run.span(item);
        const auto& slice = run.plan.slices[static_cast<std::size_t>(item.part)];
        Matrix part(slice.end - slice.begin, embedded.cols);
        for (std::int64_t at = 0; at < part.rows; ++at)
          std::ranges::copy(embedded.row(row++), part.row(at).begin());
        run.parts.write(item.key, [&](state::H5Writer& file) { parts::save(file, part); });
        scope.advance();
      }
    });
  }
}

}  // namespace dream::sweep
