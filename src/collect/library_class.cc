#include "collect/library_class.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace davy::collect {
namespace {

using event::LibraryClass;

/// `name`: the file name up to ".so" ("libssl").
struct Row {
  std::string_view name;
  LibraryClass library;
};

// Whole names, sorted (checked below) for binary search.
constexpr std::array kExact{
    Row{"ld-linux", LibraryClass::kCLibrary},
    Row{"ld-linux-aarch64", LibraryClass::kCLibrary},
    Row{"ld-linux-x86-64", LibraryClass::kCLibrary},
    Row{"ld-musl-aarch64", LibraryClass::kCLibrary},
    Row{"ld-musl-x86_64", LibraryClass::kCLibrary},
    Row{"libBrokenLocale", LibraryClass::kCLibrary},
    Row{"libEGL", LibraryClass::kGpu},
    Row{"libGL", LibraryClass::kGpu},
    Row{"libGLESv2", LibraryClass::kGpu},
    Row{"libGLX", LibraryClass::kGpu},
    Row{"libGLdispatch", LibraryClass::kGpu},
    Row{"libICE", LibraryClass::kDesktop},
    Row{"libLLVM", LibraryClass::kCompiler},
    Row{"libMagickCore", LibraryClass::kImage},
    Row{"libMagickWand", LibraryClass::kImage},
    Row{"libOpenCL", LibraryClass::kGpu},
    Row{"libR", LibraryClass::kScripting},
    Row{"libSDL2", LibraryClass::kDesktop},
    Row{"libSM", LibraryClass::kDesktop},
    Row{"libanl", LibraryClass::kCLibrary},
    Row{"libaom", LibraryClass::kMedia},
    Row{"libarchive", LibraryClass::kCompression},
    Row{"libarmadillo", LibraryClass::kLinearAlgebra},
    Row{"libarpack", LibraryClass::kLinearAlgebra},
    Row{"libasan", LibraryClass::kCxxRuntime},
    Row{"libass", LibraryClass::kMedia},
    Row{"libatlas", LibraryClass::kLinearAlgebra},
    Row{"libatomic", LibraryClass::kCxxRuntime},
    Row{"libawt", LibraryClass::kJava},
    Row{"libbfd", LibraryClass::kCompiler},
    Row{"libblas", LibraryClass::kLinearAlgebra},
    Row{"libblis", LibraryClass::kLinearAlgebra},
    Row{"libblosc", LibraryClass::kCompression},
    Row{"libbrotlicommon", LibraryClass::kCompression},
    Row{"libbrotlidec", LibraryClass::kCompression},
    Row{"libbrotlienc", LibraryClass::kCompression},
    Row{"libbz2", LibraryClass::kCompression},
    Row{"libc", LibraryClass::kCLibrary},
    Row{"libc++", LibraryClass::kCxxRuntime},
    Row{"libc++abi", LibraryClass::kCxxRuntime},
    Row{"libcairo", LibraryClass::kImage},
    Row{"libcares", LibraryClass::kNameService},
    Row{"libcblas", LibraryClass::kLinearAlgebra},
    Row{"libcc1", LibraryClass::kCompiler},
    Row{"libcholmod", LibraryClass::kLinearAlgebra},
    Row{"libclang", LibraryClass::kCompiler},
    Row{"libclang-cpp", LibraryClass::kCompiler},
    Row{"libcrypt", LibraryClass::kCryptography},
    Row{"libcrypto", LibraryClass::kCryptography},
    Row{"libcublas", LibraryClass::kGpu},
    Row{"libcuda", LibraryClass::kGpu},
    Row{"libcudart", LibraryClass::kGpu},
    Row{"libcudnn", LibraryClass::kGpu},
    Row{"libcurl", LibraryClass::kTransfer},
    Row{"libcurl-gnutls", LibraryClass::kTransfer},
    Row{"libdav1d", LibraryClass::kMedia},
    Row{"libdb", LibraryClass::kDatabase},
    Row{"libde265", LibraryClass::kImage},
    Row{"libdeflate", LibraryClass::kCompression},
    Row{"libdl", LibraryClass::kCLibrary},
    Row{"libdrm", LibraryClass::kGpu},
    Row{"libev", LibraryClass::kEventLoop},
    Row{"libevent", LibraryClass::kEventLoop},
    Row{"libevent_core", LibraryClass::kEventLoop},
    Row{"libevent_extra", LibraryClass::kEventLoop},
    Row{"libevent_openssl", LibraryClass::kEventLoop},
    Row{"libevent_pthreads", LibraryClass::kEventLoop},
    Row{"libfdk-aac", LibraryClass::kMedia},
    Row{"libfftw3", LibraryClass::kLinearAlgebra},
    Row{"libfftw3f", LibraryClass::kLinearAlgebra},
    Row{"libflac", LibraryClass::kMedia},
    Row{"libfreeimage", LibraryClass::kImage},
    Row{"libgbm", LibraryClass::kGpu},
    Row{"libgcc_s", LibraryClass::kCxxRuntime},
    Row{"libgccjit", LibraryClass::kCompiler},
    Row{"libgcrypt", LibraryClass::kCryptography},
    Row{"libgd", LibraryClass::kImage},
    Row{"libgdbm", LibraryClass::kDatabase},
    Row{"libgdk", LibraryClass::kDesktop},
    Row{"libgdk_pixbuf", LibraryClass::kImage},
    Row{"libgfortran", LibraryClass::kLinearAlgebra},
    Row{"libgif", LibraryClass::kImage},
    Row{"libgmp", LibraryClass::kLinearAlgebra},
    Row{"libgmpxx", LibraryClass::kLinearAlgebra},
    Row{"libgnutls", LibraryClass::kTransportSecurity},
    Row{"libgomp", LibraryClass::kThreading},
    Row{"libgsl", LibraryClass::kLinearAlgebra},
    Row{"libgslcblas", LibraryClass::kLinearAlgebra},
    Row{"libgssapi_krb5", LibraryClass::kTransportSecurity},
    Row{"libgtk", LibraryClass::kDesktop},
    Row{"libheif", LibraryClass::kImage},
    Row{"libhiredis", LibraryClass::kDatabase},
    Row{"libhogweed", LibraryClass::kCryptography},
    Row{"libhwloc", LibraryClass::kHardwareTopology},
    Row{"libidn", LibraryClass::kNameService},
    Row{"libidn2", LibraryClass::kNameService},
    Row{"libinstrument", LibraryClass::kJava},
    Row{"libiomp5", LibraryClass::kThreading},
    Row{"libisl", LibraryClass::kCompiler},
    Row{"libjava", LibraryClass::kJava},
    Row{"libjemalloc", LibraryClass::kSystemOther},
    Row{"libjimage", LibraryClass::kJava},
    Row{"libjli", LibraryClass::kJava},
    Row{"libjnidispatch", LibraryClass::kJava},
    Row{"libjpeg", LibraryClass::kImage},
    Row{"libjsig", LibraryClass::kJava},
    Row{"libjvm", LibraryClass::kJava},
    Row{"libjxl", LibraryClass::kImage},
    Row{"libk5crypto", LibraryClass::kCryptography},
    Row{"liblapack", LibraryClass::kLinearAlgebra},
    Row{"liblcms2", LibraryClass::kImage},
    Row{"liblept", LibraryClass::kImage},
    Row{"liblmdb", LibraryClass::kDatabase},
    Row{"liblua", LibraryClass::kScripting},
    Row{"libluajit", LibraryClass::kScripting},
    Row{"liblz4", LibraryClass::kCompression},
    Row{"liblzma", LibraryClass::kCompression},
    Row{"liblzo2", LibraryClass::kCompression},
    Row{"libm", LibraryClass::kCLibrary},
    Row{"libmagma", LibraryClass::kLinearAlgebra},
    Row{"libmanagement", LibraryClass::kJava},
    Row{"libmariadb", LibraryClass::kDatabase},
    Row{"libmbedcrypto", LibraryClass::kCryptography},
    Row{"libmbedtls", LibraryClass::kTransportSecurity},
    Row{"libmbedx509", LibraryClass::kTransportSecurity},
    Row{"libminizip", LibraryClass::kCompression},
    Row{"libmongoc", LibraryClass::kDatabase},
    Row{"libmp3lame", LibraryClass::kMedia},
    Row{"libmpc", LibraryClass::kLinearAlgebra},
    Row{"libmpfi", LibraryClass::kLinearAlgebra},
    Row{"libmpfr", LibraryClass::kLinearAlgebra},
    Row{"libmpg123", LibraryClass::kMedia},
    Row{"libmvec", LibraryClass::kCLibrary},
    Row{"libmysqlclient", LibraryClass::kDatabase},
    Row{"libnet", LibraryClass::kJava},
    Row{"libnettle", LibraryClass::kCryptography},
    Row{"libnghttp2", LibraryClass::kTransfer},
    Row{"libnghttp3", LibraryClass::kTransfer},
    Row{"libnio", LibraryClass::kJava},
    Row{"libnode", LibraryClass::kJavaScript},
    Row{"libnsl", LibraryClass::kNameService},
    Row{"libnspr4", LibraryClass::kTransportSecurity},
    Row{"libnss3", LibraryClass::kTransportSecurity},
    Row{"libnssutil3", LibraryClass::kTransportSecurity},
    Row{"libnuma", LibraryClass::kHardwareTopology},
    Row{"libnvidia-ml", LibraryClass::kGpu},
    Row{"libogg", LibraryClass::kMedia},
    Row{"libomp", LibraryClass::kThreading},
    Row{"libomp5", LibraryClass::kThreading},
    Row{"libopcodes", LibraryClass::kCompiler},
    Row{"libopenblas", LibraryClass::kLinearAlgebra},
    Row{"libopenblasp", LibraryClass::kLinearAlgebra},
    Row{"libopenjp2", LibraryClass::kImage},
    Row{"libopus", LibraryClass::kMedia},
    Row{"libpango", LibraryClass::kDesktop},
    Row{"libpciaccess", LibraryClass::kHardwareTopology},
    Row{"libperl", LibraryClass::kScripting},
    Row{"libpng12", LibraryClass::kImage},
    Row{"libpng16", LibraryClass::kImage},
    Row{"libpoppler", LibraryClass::kImage},
    Row{"libpostproc", LibraryClass::kMedia},
    Row{"libpq", LibraryClass::kDatabase},
    Row{"libpsl", LibraryClass::kNameService},
    Row{"libpthread", LibraryClass::kCLibrary},
    Row{"libquadmath", LibraryClass::kLinearAlgebra},
    Row{"libquickjs", LibraryClass::kJavaScript},
    Row{"librav1e", LibraryClass::kMedia},
    Row{"librdkafka", LibraryClass::kDatabase},
    Row{"libresolv", LibraryClass::kNameService},
    Row{"librocksdb", LibraryClass::kDatabase},
    Row{"librsvg", LibraryClass::kImage},
    Row{"librt", LibraryClass::kCLibrary},
    Row{"librtmp", LibraryClass::kTransfer},
    Row{"libruby", LibraryClass::kScripting},
    Row{"libscalapack", LibraryClass::kLinearAlgebra},
    Row{"libsnappy", LibraryClass::kCompression},
    Row{"libsndfile", LibraryClass::kMedia},
    Row{"libsodium", LibraryClass::kCryptography},
    Row{"libsox", LibraryClass::kMedia},
    Row{"libspeex", LibraryClass::kMedia},
    Row{"libsqlite3", LibraryClass::kDatabase},
    Row{"libsrt", LibraryClass::kMedia},
    Row{"libssh", LibraryClass::kTransfer},
    Row{"libssh2", LibraryClass::kTransfer},
    Row{"libssl", LibraryClass::kTransportSecurity},
    Row{"libssl3", LibraryClass::kTransportSecurity},
    Row{"libstdc++", LibraryClass::kCxxRuntime},
    Row{"libswresample", LibraryClass::kMedia},
    Row{"libswscale", LibraryClass::kMedia},
    Row{"libtbb", LibraryClass::kThreading},
    Row{"libtbbmalloc", LibraryClass::kThreading},
    Row{"libtcl", LibraryClass::kScripting},
    Row{"libtcmalloc", LibraryClass::kSystemOther},
    Row{"libtheora", LibraryClass::kMedia},
    Row{"libthread_db", LibraryClass::kCLibrary},
    Row{"libtiff", LibraryClass::kImage},
    Row{"libtsan", LibraryClass::kCxxRuntime},
    Row{"libubsan", LibraryClass::kCxxRuntime},
    Row{"libunistring", LibraryClass::kNameService},
    Row{"libunwind", LibraryClass::kCxxRuntime},
    Row{"libuv", LibraryClass::kEventLoop},
    Row{"libv8", LibraryClass::kJavaScript},
    Row{"libva", LibraryClass::kGpu},
    Row{"libvdpau", LibraryClass::kGpu},
    Row{"libverify", LibraryClass::kJava},
    Row{"libvips", LibraryClass::kImage},
    Row{"libvorbis", LibraryClass::kMedia},
    Row{"libvpx", LibraryClass::kMedia},
    Row{"libvulkan", LibraryClass::kGpu},
    Row{"libwebp", LibraryClass::kImage},
    Row{"libwebpdemux", LibraryClass::kImage},
    Row{"libwebpmux", LibraryClass::kImage},
    Row{"libwolfssl", LibraryClass::kTransportSecurity},
    Row{"libx264", LibraryClass::kMedia},
    Row{"libx265", LibraryClass::kMedia},
    Row{"libxvidcore", LibraryClass::kMedia},
    Row{"libxxhash", LibraryClass::kCryptography},
    Row{"libz", LibraryClass::kCompression},
    Row{"libzip", LibraryClass::kJava},
    Row{"libzmq", LibraryClass::kEventLoop},
    Row{"libzstd", LibraryClass::kCompression},
    Row{"linux-vdso", LibraryClass::kCLibrary},
};

// Beginnings of names, tried in order when no whole name holds.
constexpr std::array kPrefixes{
    Row{"libpython", LibraryClass::kPython},
    Row{"libboost_python", LibraryClass::kPython},
    Row{"libboost_", LibraryClass::kSystemOther},
    Row{"libtbb", LibraryClass::kThreading},
    Row{"libmkl_", LibraryClass::kLinearAlgebra},
    Row{"libopenblas", LibraryClass::kLinearAlgebra},
    Row{"libscipy_openblas", LibraryClass::kLinearAlgebra},
    Row{"libfftw3", LibraryClass::kLinearAlgebra},
    Row{"libflint", LibraryClass::kLinearAlgebra},
    Row{"libavcodec", LibraryClass::kMedia},
    Row{"libavdevice", LibraryClass::kMedia},
    Row{"libavfilter", LibraryClass::kMedia},
    Row{"libavformat", LibraryClass::kMedia},
    Row{"libavutil", LibraryClass::kMedia},
    Row{"libgst", LibraryClass::kMedia},
    Row{"libSvtAv1", LibraryClass::kMedia},
    Row{"libvorbis", LibraryClass::kMedia},
    Row{"libFLAC", LibraryClass::kMedia},
    Row{"libQt", LibraryClass::kDesktop},
    Row{"libX", LibraryClass::kDesktop},
    Row{"libxcb", LibraryClass::kDesktop},
    Row{"libwayland-", LibraryClass::kDesktop},
    Row{"libgtk-", LibraryClass::kDesktop},
    Row{"libgdk-", LibraryClass::kDesktop},
    Row{"libpango", LibraryClass::kDesktop},
    Row{"libatk", LibraryClass::kDesktop},
    Row{"libmagic", LibraryClass::kSystemOther},
    Row{"libMagick", LibraryClass::kImage},
    Row{"libGraphicsMagick", LibraryClass::kImage},
    Row{"libopencv_", LibraryClass::kImage},
    Row{"libcairo", LibraryClass::kImage},
    Row{"libfreetype", LibraryClass::kImage},
    Row{"libjpeg", LibraryClass::kImage},
    Row{"libpng", LibraryClass::kImage},
    Row{"libtiff", LibraryClass::kImage},
    Row{"libcuda", LibraryClass::kGpu},
    Row{"libcublas", LibraryClass::kGpu},
    Row{"libcudnn", LibraryClass::kGpu},
    Row{"libnvrtc", LibraryClass::kGpu},
    Row{"libnvidia-", LibraryClass::kGpu},
    Row{"libGLX", LibraryClass::kGpu},
    Row{"libEGL", LibraryClass::kGpu},
    Row{"libdrm_", LibraryClass::kGpu},
    Row{"libamdhip", LibraryClass::kGpu},
    Row{"libhsa-runtime", LibraryClass::kGpu},
    Row{"libva-", LibraryClass::kGpu},
    Row{"libvulkan_", LibraryClass::kGpu},
    Row{"libawt_", LibraryClass::kJava},
    Row{"libmanagement_", LibraryClass::kJava},
    Row{"libnetty", LibraryClass::kJava},
    Row{"libmozjs", LibraryClass::kJavaScript},
    Row{"libjavascriptcoregtk", LibraryClass::kJavaScript},
    Row{"libv8", LibraryClass::kJavaScript},
    Row{"liblua", LibraryClass::kScripting},
    Row{"libruby", LibraryClass::kScripting},
    Row{"libperl", LibraryClass::kScripting},
    Row{"libphp", LibraryClass::kScripting},
    Row{"libtcl", LibraryClass::kScripting},
    Row{"libguile", LibraryClass::kScripting},
    Row{"libdb-", LibraryClass::kDatabase},
    Row{"libduckdb", LibraryClass::kDatabase},
    Row{"libleveldb", LibraryClass::kDatabase},
    Row{"librocksdb", LibraryClass::kDatabase},
    Row{"libmysqlclient", LibraryClass::kDatabase},
    Row{"libcurl", LibraryClass::kTransfer},
    Row{"libngtcp2", LibraryClass::kTransfer},
    Row{"libssh", LibraryClass::kTransfer},
    Row{"libLLVM", LibraryClass::kCompiler},
    Row{"libclang", LibraryClass::kCompiler},
    Row{"libbfd", LibraryClass::kCompiler},
    Row{"libopcodes", LibraryClass::kCompiler},
    Row{"librustc_driver", LibraryClass::kCompiler},
    Row{"liblto_plugin", LibraryClass::kCompiler},
    Row{"libnss_", LibraryClass::kNameService},
    Row{"libbotan", LibraryClass::kCryptography},
    Row{"libcryptopp", LibraryClass::kCryptography},
    Row{"libcrypto++", LibraryClass::kCryptography},
    Row{"libgnutls", LibraryClass::kTransportSecurity},
    Row{"libc-", LibraryClass::kCLibrary},  // libc-2.31.so of older glibc
    Row{"libm-", LibraryClass::kCLibrary},
    Row{"libpthread-", LibraryClass::kCLibrary},
    Row{"ld-", LibraryClass::kCLibrary},
    Row{"libc.musl", LibraryClass::kCLibrary},
};

constexpr bool sorted(const auto& rows) {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (!(rows[i - 1].name < rows[i].name)) return false;
  }
  return true;
}
static_assert(sorted(kExact));

std::string_view without_deleted(std::string_view path) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
  return path;
}

/// "libssl.so.3" is "libssl"; "libopenblas-r0-f650aae0.3.3.so" and "libLLVM-14.so.1" keep what stands before ".so".
std::string_view stem_of(std::string_view name) { return name.substr(0, name.find(".so")); }

/// A version at the end of a stem: "libLLVM-14", "libdb-5.3", "libbfd-2.40-system" (up to the first digit after '-').
std::string_view without_version(std::string_view stem) {
  for (std::size_t dash = stem.find('-'); dash != std::string_view::npos; dash = stem.find('-', dash + 1)) {
    if (dash + 1 < stem.size() && stem[dash + 1] >= '0' && stem[dash + 1] <= '9') return stem.substr(0, dash);
  }
  return stem;
}

const Row* exact_row(std::string_view stem) {
  const auto* at = std::lower_bound(kExact.begin(), kExact.end(), stem,
                                    [](const Row& row, std::string_view key) { return row.name < key; });
  return at != kExact.end() && at->name == stem ? at : nullptr;
}

const Row* row_of(std::string_view stem) {
  if (const Row* row = exact_row(stem)) return row;
  if (const Row* row = exact_row(without_version(stem))) return row;
  const auto* at =
      std::find_if(kPrefixes.begin(), kPrefixes.end(), [&](const Row& row) { return stem.starts_with(row.name); });
  return at == kPrefixes.end() ? nullptr : at;
}

bool holds(std::string_view path, std::string_view part) { return path.find(part) != std::string_view::npos; }

bool in_package_place(std::string_view path) {
  return (path.starts_with("/usr/lib") || path.starts_with("/lib")) && path.find('/', 1) != std::string_view::npos;
}

/// Extension modules have names of their own: their place or the ABI in their name tells whose they are.
LibraryClass class_of_place(std::string_view path, std::string_view name) {
  if (holds(name, ".cpython-") || holds(name, ".abi3.") || holds(path, "/lib-dynload/") ||
      holds(path, "/site-packages/") || holds(path, "/dist-packages/")) {
    return LibraryClass::kPython;
  }
  if (name.ends_with(".node")) return LibraryClass::kJavaScript;
  if (in_package_place(path)) {
    if (holds(path, "/perl") || holds(path, "/ruby/") || holds(path, "/php/") || holds(path, "/R/") ||
        holds(path, "/lua/") || holds(path, "/tcltk/")) {
      return LibraryClass::kScripting;
    }
    if (holds(path, "/jvm/")) return LibraryClass::kJava;
    return LibraryClass::kSystemOther;
  }
  return LibraryClass::kPrivate;
}

}  // namespace

event::LibraryClass classify_library(std::string_view path) {
  path = without_deleted(path);
  const std::string_view name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  if (holds(name, ".cpython-")) return LibraryClass::kPython;
  // Java ships libraries whose names others use too (libzip, libnet); elsewhere they are no Java.
  const Row* row = row_of(stem_of(name));
  if (row == nullptr) return class_of_place(path, name);
  if (row->library == LibraryClass::kJava && (row->name == "libzip" || row->name == "libnet") &&
      in_package_place(path) && !holds(path, "/jvm/")) {
    return row->name == "libzip" ? LibraryClass::kCompression : LibraryClass::kSystemOther;
  }
  return row->library;
}

}  // namespace davy::collect
