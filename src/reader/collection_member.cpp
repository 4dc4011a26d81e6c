#include "corpus/collection.hpp"
#include "reader/formats.hpp"

namespace dream::reader {

corpus::ReadResult read_collection_member(std::string_view bytes) {
  std::string problem;
  auto member = corpus::parse_member(bytes, problem);
  if (!member) return corpus::failed(corpus::reason::parse_error, "the line " + problem);
  corpus::ReadResult result;
  result.pages.push_back(member->title.empty() ? std::move(member->text)
                                               : member->title + "\n\n" + member->text);
  return result;
}

}  // namespace dream::reader
