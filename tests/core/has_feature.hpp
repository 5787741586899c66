#pragma once

/// Whether clang builds with a feature, as a sanitizer is one; g++ tells of those otherwise.
#if defined(__has_feature)
#define SPARGIO_TEST_HAS_FEATURE(name) __has_feature(name)
#else
#define SPARGIO_TEST_HAS_FEATURE(name) 0
#endif
