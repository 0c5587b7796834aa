"""What the process that kernels are forked from imports before it forks the first one."""

import atexit
import gc
import os
import warnings

os.environ["MPLBACKEND"] = "module://livedocs.run.backend"
os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # a kernel imports its debugger, which has something to say

import debugpy.server.api  # noqa: E402, F401
import ipykernel.kernelapp  # noqa: E402, F401
import IPython.core.completerlib  # noqa: E402, F401
import IPython.core.debugger  # noqa: E402, F401

from livedocs.run.helper import WARM  # noqa: E402

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a library's own warnings are not a page's
    for use in WARM.values():
        use()
gc.freeze()  # a kernel's collections need not walk, and so copy, what is shared with it
atexit.register(os._exit, 0)  # as livedocs.run.helper ends: no teardown of libraries, and no reports of theirs
