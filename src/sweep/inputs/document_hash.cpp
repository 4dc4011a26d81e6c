#include "sweep/inputs/document_hash.hpp"

#include "corpus/sources.hpp"

namespace dream::sweep {

DocumentHasher::DocumentHasher(std::string name) : name_(std::move(name)), hasher_("document") {}

void DocumentHasher::add(std::string_view block) {
  if (bytes_ == 0) format_ = corpus::format_of(name_, block);
  hasher_.add_raw(block);
  bytes_ += std::ssize(block);
}

std::pair<std::string, Digest> DocumentHasher::finish() {
  if (bytes_ == 0) format_ = corpus::format_of(name_, "");
  return {format_, hasher_.add(bytes_).add(format_).finish()};
}

Digest hash_document(std::string_view format, std::string_view bytes) {
  return Hasher("document").add_raw(bytes).add(std::ssize(bytes)).add(format).finish();
}

}  // namespace dream::sweep
