#include "sweep/text_vectors.hpp"

#include <cmath>

namespace dream::sweep {
namespace {

void normalise(std::span<float> vector) {
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * static_cast<double>(x);
  for (auto& x : vector) x = static_cast<float>(static_cast<double>(x) / std::sqrt(squares));
}

RowModel row_model(Run& run, const std::string& embedder, embed::Role role) {
  RowModel model{.row = "vector", .text = "text"};
  if (run.calls.has(embedder)) {
    model.there = &run.calls.endpoint(embedder);
    model.asker = &run.calls.vectors();
    model.prefix = role == embed::Role::query ? model.there->query_prefix : model.there->passage_prefix;
    model.arrived = normalise;
    return model;
  }
  const auto& here = run.models.embedder(embedder);
  model.cols = here.dimension();
  model.make = [&here, &run, role](std::span<const std::string_view> texts, MatrixView<float> rows) {
    here.embed(texts, role, rows, run.pulse);
  };
  return model;
}

Request request_of(const std::string& text) { return {digest_of(text), text}; }

}  // namespace

TextVectors::TextVectors(Run& run, const std::string& embedder, embed::Role role)
    : rows_(run, row_model(run, embedder, role), {run.tally.texts_embedded, run.tally.texts_refused}) {
  if (run.calls.has(embedder)) rows_.greet(request_of("dimension"));
}

Matrix TextVectors::embed(std::span<const std::string> texts) {
  std::vector<Request> requests;
  requests.reserve(texts.size());
  for (const auto& text : texts) requests.push_back(request_of(text));
  return rows_.rows(requests);
}

}  // namespace dream::sweep
