"""What people type into the search box, and the pages that answer it.

The names of functions come from the rules and error texts from docs/symptoms.md; here is what neither has. A query
stands under the page that a reader would want. Where the site has no page of its own for something, it stands under the
best one there is, with a remark.
"""

QUERIES = {
    "": ["pytorch gradients"],
    "symptoms/": [
        "nan gradient",
        "gradient is nan",
        "gradient nan",
        "nan grad",
        "gradeint is nan",
        "gradient of nan or infinity",
        "inf gradient",
        "gradient is inf",
        "zero gradient",
        "parameter never moves",
        "error texts",
    ],
    "functions/": ["find the operation"],
    "foundations/rules/": ["six rules", "minimum norm subgradient", "non-differentiable points"],
    "basics/backward/": [
        "backward",
        "loss.backward()",
        "cotangent",
        "torch.autograd.grad",
        "torch.func.grad",
        "jacrev",
        "vjp",
    ],
    "basics/common/": [
        "common functions",
        "table of derivatives",
        "derivatives cheat sheet",
        "derivative of sin",
        "sin of degrees",
    ],
    "notebooks/linear_regression/": ["linear regression", "linear regresion"],
    "notebooks/nan_classifier/": [
        "loss nan",
        "loss is nan",
        "nan loss",
        "loss becomes nan",
        "loss is nan after some steps",
        "training nan",
        "where does the nan come from",
        "detect_anomaly",
        "set_detect_anomaly",
        "anomaly mode",
        "register_hook",
        "register_forward_hook",
        "error_if_nonfinite",
        "GradScaler",
        "binary entropy",
    ],
    "ties/max/": [
        "ties",
        "gradient at ties",
        "equal maxima",
        "max gradient 0.5",
        "maximm",
        "max pool",
        "torch.max(x, dim=0)",
    ],
    "kinks/relu/": [
        "F.relu",
        "nn.functional.relu",
        "nn.ReLU()",
        "reul",
        "relu at 0",
        "relu gradient at 0",
        "leaky relu",
        "leakyrelu",
        "negative_slope",
        "in-place leaky_relu",
    ],
    "kinks/clamp/": [
        "clmap",
        "clip",
        "clamp gradient",
        "clip gradient outside bounds",
        "Tensor.clamp_",
        "x.clamp(min=0, max=1)",
    ],
    "kinks/abs/": ["l1 loss", "absolute value", "abs gradient at 0", "F.l1_loss"],
    "kinks/hard_activations/": ["hard swish", "hardsgimoid"],
    "kinks/elu/": ["elu alpha"],
    "kinks/huber/": ["huber", "smooth l1", "hubber loss", "beta = 0", "delta"],
    "kinks/max_zero/": ["max(x, 0)", "max(x,0) five ways", "x * (x > 0)", "where(x > 0, x, 0)"],
    "kinks/softplus/": ["softplus threshold", "sofplus", "swish", "gelu tanh approximation", "log(1 + exp(x))"],
    "flat/round/": ["rounding gradient", "flor", "gradient is 0"],  # the title of the page
    "flat/sign/": ["x > 0", "heavyside", "comparison gradient", "step function"],
    "flat/remainder/": ["floor_divde", "modulo", "torch.div(x, y, rounding_mode='floor')"],
    "flat/argmax/": [".long()", "x.long()", "argmx", "one hot"],
    "flat/straight_through/": [
        "straight through estimator",
        "straight-through",
        "fake quantize",
        "gumbel softmax",
        "quantization",
    ],
    "flat/sampling/": ["dropuot", "random numbers", "bernouli"],
    "edges/sqrt/": [
        "x**0.5",
        "x ** 0.5",
        "cube root",
        "sqrtt",
        "sqrt nan",
        "gradient of sqrt at 0",
        "grad_fn=<SqrtBackward0>",
        "vector_norm",  # no page of its own: why the gradient of a norm is NaN at zero
        "torch.linalg.vector_norm",
        "norm gradient nan",
    ],
    "edges/pow/": ["x**0", "x**y", "0**0", "pow negative base", "learned exponent"],
    "edges/log/": ["log of 0", "log(0)", "log negative", "logit eps"],
    "edges/division/": [
        "division by zero",
        "0/0",
        "masked division",
        "recipocal",
        "masked_fill",  # no page of its own: a masked division by zero, and what to write instead
    ],
    "edges/arcs/": ["arccos", "acos nan", "angle between two vectors", "acos(1)"],
    "edges/special/": ["lgama", "log of a normal probability", "gammainc"],
    "edges/xlogy/": ["p * log(p)", "p log p", "entropy", "kl divergence", "kl_div target 0"],
    "edges/exp/": ["sigmiod", "tahn", "exp overflow", "sigmoid gradient exactly 0"],
}

# The words of a row of the symptoms: the row is an answer, and so is the page that it names.
ROWS = {
    ".grad is twice what it should be": "basics/backward/",
    "learned exponent": "edges/pow/",
    "log of a normal probability": "edges/special/",
    "norm gradient nan": "edges/sqrt/",
}

# Error texts as they are pasted, with what stands around them. A page that prints the text is an answer.
PASTED = {
    "RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output.": ["edges/sqrt/"],
    "RuntimeError: Function 'DivBackward0' returned nan values in its 1th output.": ["edges/division/"],
    "NotImplementedError: the derivative for 'igamma: input' is not implemented.": ["edges/special/"],
    "RuntimeError: Only Tensors of floating point and complex dtype can require gradients": [
        "flat/argmax/",
        "flat/sign/",
    ],
    "TypeError: maximum(): argument 'other' (position 2) must be Tensor, not int": ["kinks/max_zero/"],
    "AttributeError: 'int' object has no attribute 'backward'": ["kinks/max_zero/"],
    'Traceback (most recent call last):   File "/home/me/train.py", line 42, in <module>     loss.backward()   File '
    '"/usr/lib/python3/site-packages/torch/_tensor.py", line 648, in backward     torch.autograd.backward(   '
    "RuntimeError: grad can be implicitly created only for scalar outputs": ["basics/backward/"],
}

# What means something to lunr's own query language is text here. Each of these finds relu.
OPERATORS = [
    "title:relu",
    "x:y relu",
    "relu:",
    ":relu",
    "relu^",
    "relu^x",
    "^relu",
    "relu~",
    "relu~9",
    "~relu",
    "+relu",
    "-relu",
    "--relu",
    "*relu*",
    "re*lu relu",
    '"relu',
    '"relu" "',
    "\\relu",
    "(relu)[0]",
    "{relu};",
    "relu &lt; <b>",
]
NOTHING = ["^", "~1", ":", "*", '"', "\\", "((", "+ - ^ ~", "constructor", "__proto__", "🙂"]
