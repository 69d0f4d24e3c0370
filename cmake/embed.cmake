# Files as C arrays, so that an installed program can write them: stapes export brings the sources of device/ along, run-on
# those of firmware/ too. Run as a script (cmake -P) it writes one of them; included, it knows stapes_embed.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${FROM} hex HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  file(WRITE ${TO} "{\n${bytes}\n};\n")
  return()
endif()

# Adds to `sources` a C file that defines stp_embedded (export/embedded.h) with every file given, named from the
# repository's root.
function(stapes_embed sources)
  set(table ${CMAKE_BINARY_DIR}/embedded/embedded.c)
  set(rows "")
  set(arrays "")
  set(parts "")
  set(count 0)
  foreach(file ${ARGN})
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${file})
    string(REPLACE "/" "_" part ${name})
    set(part ${CMAKE_BINARY_DIR}/embedded/${part}.inc)
    add_custom_command(OUTPUT ${part}
      COMMAND ${CMAKE_COMMAND} -DFROM=${file} -DTO=${part} -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
      DEPENDS ${file} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
    list(APPEND parts ${part})
    string(APPEND arrays "static const unsigned char file_${count}[] =\n#include \"${part}\"\n")
    string(APPEND rows "    {\"${name}\", file_${count}, sizeof file_${count}},\n")
    math(EXPR count "${count} + 1")
  endforeach()
  file(CONFIGURE OUTPUT ${table} CONTENT
    "#include \"export/embedded.h\"\n${arrays}const stp_embedded_file stp_embedded[] = {\n${rows}    {0, 0, 0}};\n" @ONLY)
  set_source_files_properties(${table} PROPERTIES OBJECT_DEPENDS "${parts}")
  add_custom_target(embedded_parts DEPENDS ${parts})
  set(${sources} ${${sources}} ${table} PARENT_SCOPE)
endfunction()
