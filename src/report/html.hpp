#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "report/outputs.hpp"

/// report.html: one file that works offline. It is a fixed page (src/report/page) and one block of JSON that
/// the page's script shows, with the texts beside it, deflated. Nothing of a document ever becomes markup:
/// the block holds no character that HTML could take for its own, the script makes text nodes only, and the
/// page's policy runs no other script.
namespace dream::report {

/// What the page leaves out of a large sweep, so that it stays under 8 MB; it says so where it does.
struct PageLimits {
  std::size_t trials = 5'000;   ///< rows, the best first
  std::size_t finalists = 10;   ///< trials whose answers can be read
  std::size_t questions = 50;   ///< questions whose answers can be read
  std::size_t texts = 4 << 20;  ///< bytes of all texts, escaped; each text is there once
  std::size_t text = 6'000;     ///< bytes of one text
  std::size_t nodes = 40;       ///< of each stage
  std::size_t failed_documents = 200;
};

/// The page's data as JSON, the same for any number of ranks.
[[nodiscard]] std::string page_data(const Material& material, const stats::Verdict& verdict,
                                    const PageLimits& limits = {});

/// What a clock measured or what depends on what the state folder held before: the data's key "measured".
[[nodiscard]] std::string page_measured(const Material& material);

/// The page around its data. measured: "null" where nobody knows it any more.
[[nodiscard]] std::string page_of(std::string_view data, std::string_view measured);

/// Puts report.html into a folder. Throws StateError.
void write_page(const std::filesystem::path& folder, std::string_view data, std::string_view measured);

}  // namespace dream::report
