#pragma once
#include <string_view>

/// The files of src/report/page, which the build puts into the program (cmake/embed_texts.cmake).
namespace dream::report::page {

extern const std::string_view report_html;
extern const std::string_view report_css;
extern const std::string_view data_js;
extern const std::string_view elements_js;
extern const std::string_view words_js;
extern const std::string_view columns_js;
extern const std::string_view brushes_js;
extern const std::string_view head_js;
extern const std::string_view table_js;
extern const std::string_view hold_out_js;
extern const std::string_view axes_js;
extern const std::string_view price_js;
extern const std::string_view answers_js;
extern const std::string_view stages_js;
extern const std::string_view failures_js;
extern const std::string_view start_js;

}  // namespace dream::report::page
