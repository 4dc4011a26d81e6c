#include "golden/gold.hpp"
#include "comm/agree.hpp"
#include "parts/documents.hpp"
#include "parts/gold.hpp"
#include "sweep/phases/phases.hpp"

namespace dream::sweep {
namespace {

/// All ranks' share of the gold parts, on rank 0.
parts::GoldPart gather_parts(Run& run, int node) {
  parts::GoldPart own;
  comm::agree(run.comm, [&] {
    for (int part = run.comm.rank(); part < run.plan.parts_of(run.node(node)); part += run.comm.size()) {
      auto loaded = parts::load_gold(run.parts.open(run.key(node, part)));
      own.hits.insert(own.hits.end(), loaded.hits.begin(), loaded.hits.end());
      own.sizes.insert(own.sizes.end(), loaded.sizes.begin(), loaded.sizes.end());
    }
  });
  parts::GoldPart all;
  all.hits = run.comm.gather_v(std::span<const golden::GoldHit>(own.hits), 0).values;
  std::vector<Digest> documents;
  std::vector<std::int64_t> sizes;
  for (const auto& [document, size] : own.sizes) {
    documents.push_back(document);
    sizes.push_back(size);
  }
  documents = run.comm.gather_v(std::span<const Digest>(documents), 0).values;
  sizes = run.comm.gather_v(std::span<const std::int64_t>(sizes), 0).values;
  for (std::size_t i = 0; i < documents.size(); ++i) all.sizes.emplace_back(documents[i], sizes[i]);
  return all;
}

Bytes pack(const golden::Gold& gold) {
  Packer packer;
  packer.put(gold.located)
      .put(gold.by_source)
      .put(gold.without)
      .put(gold.lost_passages)
      .put(gold.lost)
      .put(std::ssize(gold.items));
  for (const auto& items : gold.items) {
    packer.put(std::ssize(items));
    for (const auto& item : items) packer.put(item.places).put(item.grade);
  }
  return packer.take();
}

golden::Gold unpack(const Bytes& message) {
  Unpacker reader(message);
  golden::Gold gold;
  gold.located = reader.get<std::int64_t>();
  gold.by_source = reader.get<std::int64_t>();
  gold.without = reader.get<std::int64_t>();
  gold.lost_passages = reader.get<std::int64_t>();
  gold.lost = reader.get<std::vector<golden::LostPassage>>();
  gold.items.resize(static_cast<std::size_t>(reader.get<std::ptrdiff_t>()));
  for (auto& items : gold.items) {
    items.resize(static_cast<std::size_t>(reader.get<std::ptrdiff_t>()));
    for (auto& item : items) {
      item.places = reader.get<std::vector<GoldSpan>>();
      item.grade = reader.get<std::int64_t>();
    }
  }
  return gold;
}

}  // namespace

golden::Gold find_gold(Run& run, const golden::DocumentNames& names,
                       std::span<const std::vector<golden::Passage>> passages) {
  const golden::GoldFinder finder(passages);
  make_parts(run, Stage::gold, [&](const Item& item) {
    parts::GoldPart part;
    for (const auto& read :
         parts::load_documents(run.parts.open(run.key(run.node(item.node).inputs[0], item.part)))) {
      run.pulse();
      const auto hits = finder.find(read.document.hash, read.document.text);
      part.hits.insert(part.hits.end(), hits.begin(), hits.end());
      part.sizes.emplace_back(read.document.hash, std::ssize(read.document.text));
    }
    run.parts.write(item.key, [&](state::H5Writer& file) { parts::save(file, part); });
  });
  const auto all = gather_parts(run, run.plan.nodes_of(Stage::gold).at(0));
  Bytes message;
  if (run.comm.rank() == 0) {
    const std::map<Digest, std::int64_t> sizes(all.sizes.begin(), all.sizes.end());
    message = pack(golden::assemble(run.questions, finder, all.hits, names, sizes));
  }
  run.comm.broadcast(message, 0);
  return unpack(message);
}

}  // namespace dream::sweep
