"""The tool for arithmetic, which models are bad at."""

import ast
import math
import operator
from collections.abc import Callable
from typing import Final

LONGEST: Final = 500
_LARGEST: Final = 1e100
_LARGEST_EXPONENT: Final = 100

_OPERATORS: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_FUNCTIONS: Final[dict[str, Callable[..., float]]] = {
    "abs": abs,
    "ceil": math.ceil,
    "floor": math.floor,
    "max": max,
    "min": min,
    "round": lambda value, digits=0: _rounded(value, digits),
    "sqrt": math.sqrt,
}


def calculate(expression: str) -> str:
    """Work out an arithmetic expression, such as (1200 - 300) * 0.19.

    It knows + - * / // % ** and the functions abs, ceil, floor, max, min, round, sqrt.
    """
    if len(expression) > LONGEST:
        raise ValueError(f"the expression has more than {LONGEST} characters")
    try:
        value = _value(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, RecursionError):
        raise ValueError("not an arithmetic expression") from None
    except ArithmeticError as error:
        raise ValueError(f"the expression has no value ({error})") from None
    return repr(value)


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            value: float = number
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            value = -_value(inner)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            value = _value(inner)
        case ast.BinOp(left=left, op=found, right=right) if type(found) in _OPERATORS:
            value = (
                _power(_value(left), _value(right))
                if isinstance(found, ast.Pow)
                else _OPERATORS[type(found)](_value(left), _value(right))
            )
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            value = _FUNCTIONS[name](*map(_value, arguments))
        case _:
            raise ValueError("only numbers, + - * / // % **, and the named functions may be used")
    if isinstance(value, complex) or not math.isfinite(value) or abs(value) > _LARGEST:
        raise ValueError("the value is too large, or not a number")
    return value


def _rounded(value: float, digits: float) -> float:
    if not -_LARGEST_EXPONENT <= digits <= _LARGEST_EXPONENT or digits != int(digits):
        raise ValueError(f"numbers are rounded to {_LARGEST_EXPONENT} digits at most")
    return round(value, int(digits)) if digits else round(value)


def _power(base: float, exponent: float) -> float:
    if abs(exponent) > _LARGEST_EXPONENT:
        raise ValueError(f"exponents may be {_LARGEST_EXPONENT} at most")
    value: float = operator.pow(base, exponent)
    return value
