from gateway.plan import translate as translate
from gateway.serve.app import create_app as create_app

__version__: str
