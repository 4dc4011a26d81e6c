#pragma once
#include <string_view>

/// The files of src/report/page, which the build puts into the program (cmake/embed_texts.cmake).
namespace dream::report::page {

extern const std::string_view report_html;
extern const std::string_view report_css;
extern const std::string_view report_js;

}  // namespace dream::report::page
