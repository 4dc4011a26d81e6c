#include "sweep/text_vectors.hpp"

#include <algorithm>
#include <cstring>

namespace dream::sweep {

TextVectors::TextVectors(Run& run, const std::string& embedder, embed::Role role)
    : run_(run), embedder_(run.models.embedder(embedder)), role_(role) {}

Matrix TextVectors::embed(std::span<const std::string> texts) {
  std::vector<Request> requests;
  requests.reserve(texts.size());
  for (const auto& text : texts) requests.push_back({digest_of(text), text});
  const auto replies =
      once(run_.comm, run_.workers, requests, [this](const std::vector<Request>& distinct) { return serve(distinct); });
  Matrix vectors(std::ssize(texts), embedder_.dimension());
  for (std::size_t i = 0; i < replies.size(); ++i) {
    auto row = vectors.row(static_cast<std::int64_t>(i));
    DREAM_CHECK(replies[i].size() == row.size_bytes(), "a vector for each text");
    std::memcpy(row.data(), replies[i].data(), replies[i].size());
  }
  return vectors;
}

std::vector<Bytes> TextVectors::serve(const std::vector<Request>& requests) {
  std::vector<const Request*> fresh;
  for (const auto& request : requests) {
    if (!known_.contains(request.key)) fresh.push_back(&request);
  }
  std::vector<std::string_view> texts;
  for (const auto* request : fresh) texts.push_back(request->payload);
  Matrix vectors(std::ssize(texts), embedder_.dimension());
  if (!texts.empty()) embedder_.embed(texts, role_, vectors.view(), run_.pulse);
  run_.tally.texts_embedded += std::ssize(texts);
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    const auto row = vectors.row(static_cast<std::int64_t>(i));
    known_[fresh[i]->key].assign(row.begin(), row.end());
  }
  std::vector<Bytes> replies;
  for (const auto& request : requests) {
    const auto& vector = known_.at(request.key);
    const auto* bytes = reinterpret_cast<const char*>(vector.data());
    replies.emplace_back(bytes, bytes + vector.size() * sizeof(float));
  }
  const auto held = std::ssize(known_) * embedder_.dimension() * static_cast<std::int64_t>(sizeof(float));
  if (held > memory_bytes) known_.clear();  // a memory only: what is asked for again is embedded again, to the same bits
  return replies;
}

}  // namespace dream::sweep
