FLASK_APP=local.offline:create_app
