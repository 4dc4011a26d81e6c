#pragma once
#include <string>
#include <vector>

#include "stages/types.hpp"
#include "state/h5.hpp"

namespace dream::parts {

/// What became of one file of a bucket: its text, or why there is none.
struct ReadDocument {
  Document document;   ///< text empty when `reason` is set
  std::string reason;  ///< "" or a reason code of docs/errors.md
  std::string detail;  ///< for people
};

/// The read part of a bucket, in the order of the documents' hashes.
void save(state::H5Writer& file, const std::vector<ReadDocument>& documents);
[[nodiscard]] std::vector<ReadDocument> load_documents(const state::H5Reader& file);

}  // namespace dream::parts
