// What a compiler that does not turn a symmetric transfer into a jump makes of the chains: g++ at
// -O0 without -foptimize-sibling-calls, for one. Only the cap keeps their stack bounded. (clang
// has no such mode: it guarantees the jump.)
#define SPARGIO_TEST_WITHOUT_TAIL_CALLS
#include "deep_chain.hpp"

SPARGIO_DEEP_CHAIN_TESTS(DeepChainWithoutTailCalls)
