#include "corpus/read_result.hpp"

#include <algorithm>
#include <array>

namespace dream::corpus {
namespace {

constexpr std::array transient{reason::timeout, reason::memory, reason::output_limit, reason::unreadable};
constexpr std::array lasting{reason::encrypted,          reason::no_text, reason::parse_error, reason::crash,
                             reason::unsupported_format, reason::empty};

bool in(const auto& codes, std::string_view code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

}  // namespace

ReadResult failed(std::string_view reason, std::string detail) {
  return {std::string(reason), is_final(reason), std::move(detail), {}};
}

bool is_final(std::string_view reason) { return !in(transient, reason); }

bool is_reason(std::string_view code) { return in(transient, code) || in(lasting, code); }

}  // namespace dream::corpus
