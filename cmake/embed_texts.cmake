# cmake -DOUT=texts.cpp -DHEADER=page.hpp -DNAMESPACE=a::b "-DFILES=x.html,y.js" -P embed_texts.cmake
# Writes a source that defines a std::string_view for each text file: report.css becomes report_css. The compiler reads
# them as raw strings, so the files stay readable where they are.
string(REPLACE "," ";" files "${FILES}")
set(source "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  string(MAKE_C_IDENTIFIER ${name} name)
  file(READ ${file} text)
  string(FIND "${text}" ")text\"" end)
  if(NOT end EQUAL -1)
    message(FATAL_ERROR "${file}: holds )text\", which ends the string that it becomes; write it otherwise")
  endif()
  string(APPEND source "\nconst std::string_view ${name} = R\"text(${text})text\";\n")
endforeach()
file(WRITE ${OUT} "${source}\n}  // namespace ${NAMESPACE}\n")
