# The parts from elsewhere; tools/setup installs them on Debian and Ubuntu.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
pkg_check_modules(SNDFILE REQUIRED IMPORTED_TARGET sndfile)
pkg_check_modules(SOXR REQUIRED IMPORTED_TARGET soxr)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(INIH REQUIRED IMPORTED_TARGET inih)
pkg_check_modules(LIBMD REQUIRED IMPORTED_TARGET libmd)

function(stapes_link_dependencies target)
  target_link_libraries(${target} PUBLIC PkgConfig::SNDFILE PkgConfig::SOXR PkgConfig::JANSSON PkgConfig::INIH
                                         PkgConfig::LIBMD PNG::PNG ZLIB::ZLIB Threads::Threads m)
endfunction()
