#include "testset/library.hpp"

#include <algorithm>

#include "comm/agree.hpp"
#include "parts/documents.hpp"

namespace dream::testset {
namespace {

constexpr std::int64_t opening_bytes = 240;

std::vector<parts::ReadDocument> documents_of(const Shelf& shelf, const sweep::Bucket& bucket) {
  return parts::load_documents(shelf.parts.open(sweep::read_key(bucket.content)));
}

Book book_of(const std::string& text, std::int64_t passage_bytes, lexical::Stemmer& stemmer) {
  Book book;
  book.opening = opening_of(text, opening_bytes);
  for (const auto& span : passages_of(text, passage_bytes)) {
    book.passages.push_back(
        text.substr(static_cast<std::size_t>(span.begin), static_cast<std::size_t>(span.size())));
    book.words.push_back(content_words(stemmer, book.passages.back()));
  }
  return book;
}

}  // namespace

Stock take_stock(comm::Communicator& comm, const Shelf& shelf, const Pulse& pulse) {
  std::vector<Material> mine;
  Packer failures;
  comm::agree(comm, [&] {
    for (auto b = static_cast<std::size_t>(comm.rank()); b < shelf.buckets.size();
         b += static_cast<std::size_t>(comm.size())) {
      pulse();
      for (const auto& read : documents_of(shelf, shelf.buckets[b])) {
        if (read.reason.empty()) {
          const auto passages = passages_of(read.document.text, shelf.passage_bytes);
          mine.push_back({read.document.hash, std::ssize(passages)});
        } else {
          failures.put(read.document.hash).put(read.reason).put(read.detail);
        }
      }
    }
  });
  Stock stock;
  stock.documents = comm.all_gather_v(std::span<const Material>(mine)).values;
  std::ranges::sort(stock.documents, {}, &Material::document);
  const auto message = failures.take();
  const auto all = comm.all_gather_v(std::span<const char>(message));
  for (Unpacker reader(std::string_view(all.values.data(), all.values.size())); !reader.done();) {
    const auto hash = reader.get<Digest>();
    auto reason = reader.get<std::string>();
    stock.without_text[hash] = {"", std::move(reason), reader.get<std::string>()};
  }
  return stock;
}

std::map<Digest, Book> fetch(const Shelf& shelf, const std::set<Digest>& documents, const Pulse& pulse) {
  std::set<std::int64_t> wanted;
  for (const auto& document : documents) wanted.insert(sweep::bucket_number(document, shelf.bucket_count));
  lexical::Stemmer stemmer;
  std::map<Digest, Book> books;
  for (const auto& bucket : shelf.buckets) {
    if (!wanted.contains(bucket.number)) continue;
    for (const auto& read : documents_of(shelf, bucket)) {
      pulse();
      if (documents.contains(read.document.hash))
        books[read.document.hash] = book_of(read.document.text, shelf.passage_bytes, stemmer);
    }
  }
  return books;
}

}  // namespace dream::testset
